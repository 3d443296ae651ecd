/* SPDX-License-Identifier: Apache-2.0 */
/* The envelope of the client API's answers and what its errors read like (spec cli.md 3.4). */
#ifndef CLIENT_JSEND_H
#define CLIENT_JSEND_H

#include "base/error.h"
#include "client/https.h"
#include "client/json.h"

/*
 * The `data` of an answer with status 200 (a new reference, JSON null included). NULL for all other
 * answers, with "<status code> <reason>: <status>: <message>" or "authorizing user: <message>".
 */
json_t *jsend_data(const struct https_answer *answer, struct error *err);

#endif
