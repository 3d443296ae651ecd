/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of struct marblerun, which the files that implement its functions share. */
#ifndef CLIENT_HANDLE_H
#define CLIENT_HANDLE_H

#include "attest/ca_pair.h"
#include "base/buf.h"
#include "base/error.h"
#include "client/https.h"
#include "client/json.h"
#include "client/pkcs11.h"
#include "client/settings.h"
#include "marblerun/marblerun.h"

enum trust {
	TRUST_NOBODY, /* it is not decided yet */
	TRUST_ROOT,   /* the owner of certs.root alone */
	TRUST_ANYBODY,
};

struct marblerun {
	struct error error;
	char *address;
	struct settings settings;
	enum trust trust;
	struct ca_pair certs;
	bool is_attested; /* certs came with a quote, or in simulation mode with none */
	struct buf quote;
	struct buf certificate; /* of the user, PEM */
	struct buf key;
	struct pkcs11 *token; /* or where those are instead; NULL for none */
	struct https *https;  /* NULL until there is a call */
};

/* The connection to whom is trusted, with the credentials of the user. NULL with the error. */
struct https *handle_https(struct marblerun *m);
/* The next call connects anew: connections are kept, and are of who was trusted and who the user
 * was.
 */
void handle_disconnect(struct marblerun *m);

/* Moves the content to the user of the library. */
struct marblerun_bytes handle_give(struct buf *content);
/* The same for a JSON document; no bytes for NULL. */
struct marblerun_bytes handle_give_json(const json_t *document);

#endif
