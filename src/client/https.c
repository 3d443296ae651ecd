/* SPDX-License-Identifier: Apache-2.0 */
#include "client/https.h"

#include "base/base64.h"
#include "base/cleanup.h"
#include "base/memory.h"
#include "base/number.h"
#include "crypto/cert.h"
#include "crypto/digest.h"

#include <curl/curl.h>
#include <stdint.h>
#include <string.h>

#define CONNECT_SECONDS 15L
#define ANSWER_SECONDS  120L /* a Coordinator makes keys when its manifest is set */

struct https {
	CURL *curl;
	char *host;
	X509 *certificate; /* of the user, if they are objects */
	EVP_PKEY *key;
	struct buf *answer; /* where the body of the running request goes */
	char reason[CURL_ERROR_SIZE];
};

/*
 * Only a host and its port: everything else of a URL would change what is asked for, and so would a
 * missing port.
 */
static bool is_host(const char *text)
{
	const char *colon = strrchr(text, ':');
	unsigned long port;
	return colon && colon > text && number_parse(colon + 1, UINT16_MAX, &port) &&
	       !strpbrk(text, "/?#@\\% \t\r\n\"<>");
}

static size_t receive(char *data, size_t one, size_t size, void *context)
{
	struct https *https = context;
	(void)one;
	if (size > HTTPS_ANSWER_MAX - https->answer->size)
		return 0;
	buf_put(https->answer, data, size);
	return size;
}

/* True unless one of the settings was refused, which only a libcurl without TLS does. */
static bool set_common(struct https *https)
{
	CURL *curl = https->curl;
	return curl && !curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https") &&
	       !curl_easy_setopt(curl, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2) &&
	       !curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) &&
	       !curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS) &&
	       !curl_easy_setopt(curl, CURLOPT_TIMEOUT, ANSWER_SECONDS) &&
	       !curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, receive) &&
	       !curl_easy_setopt(curl, CURLOPT_WRITEDATA, https) &&
	       !curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, https->reason);
}

static bool set_unverified(CURL *curl)
{
	return !curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L) &&
	       !curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
}

/*
 * The root as only authority is not enough: it also issued, by way of the intermediate, the
 * certificates of all Marbles. The server itself must be the one with the root's key.
 */
static bool set_pinned(CURL *curl, X509 *root)
{
	AUTO(buf_free) struct buf pem = { 0 };
	AUTO(buf_free) struct buf key = { 0 };
	AUTO(buf_free) struct buf pin = { 0 };
	uint8_t digest[SHA256_SIZE];
	if (!key_put_public(X509_get0_pubkey(root), &key, NULL))
		return false;
	sha256(key.data, key.size, digest);
	buf_put_text(&pin, "sha256//");
	base64_encode(&pin, digest, sizeof(digest));
	cert_put_pem(root, &pem);
	struct curl_blob anchor = { pem.data, pem.size, CURL_BLOB_COPY };
	return !curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L) &&
	       !curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L) &&
	       !curl_easy_setopt(curl, CURLOPT_CAINFO, NULL) &&
	       !curl_easy_setopt(curl, CURLOPT_CAPATH, NULL) &&
	       !curl_easy_setopt(curl, CURLOPT_CAINFO_BLOB, &anchor) &&
	       !curl_easy_setopt(curl, CURLOPT_PINNEDPUBLICKEY, buf_text(&pin));
}

static struct https *new_connection(const char *host, struct error *err)
{
	if (!is_host(host)) {
		error_set(err, ERROR_INVALID, "\"%s\" is no address of the form host:port", host);
		return NULL;
	}
	struct https *https = xcalloc(1, sizeof(*https));
	https->host = xstrdup(host);
	https->curl = curl_easy_init();
	return https;
}

static struct https *set_up(struct https *https, bool is_set, struct error *err)
{
	if (is_set)
		return https;
	error_set(err, ERROR_INTERNAL, "cannot set up libcurl for TLS");
	https_free(https);
	return NULL;
}

struct https *https_new_pinned(const char *host, X509 *root, struct error *err)
{
	struct https *https = new_connection(host, err);
	return https ? set_up(https, set_common(https) && set_pinned(https->curl, root), err)
		     : NULL;
}

struct https *https_new_unverified(const char *host, struct error *err)
{
	struct https *https = new_connection(host, err);
	return https ? set_up(https, set_common(https) && set_unverified(https->curl), err) : NULL;
}

bool https_use_credentials(
	struct https *https, struct bytes certificate, struct bytes key, struct error *err)
{
	struct curl_blob shown = { (void *)certificate.data, certificate.size, CURL_BLOB_NOCOPY };
	struct curl_blob private = { (void *)key.data, key.size, CURL_BLOB_NOCOPY };
	return (!curl_easy_setopt(https->curl, CURLOPT_SSLCERT_BLOB, &shown) &&
		       !curl_easy_setopt(https->curl, CURLOPT_SSLKEY_BLOB, &private)) ||
	       error_set(err, ERROR_INTERNAL, "cannot set up libcurl for credentials");
}

/* libcurl knows files and engines only; OpenSSL takes objects. */
static CURLcode use_key(CURL *curl, void *ssl_context, void *context)
{
	const struct https *https = context;
	(void)curl;
	bool fits = SSL_CTX_use_certificate(ssl_context, https->certificate) == 1 &&
		    SSL_CTX_use_PrivateKey(ssl_context, https->key) == 1;
	return fits ? CURLE_OK : CURLE_SSL_CERTPROBLEM;
}

bool https_use_key(struct https *https, X509 *certificate, EVP_PKEY *key, struct error *err)
{
	https->certificate = certificate;
	https->key = key;
	return (!curl_easy_setopt(https->curl, CURLOPT_SSL_CTX_FUNCTION, use_key) &&
		       !curl_easy_setopt(https->curl, CURLOPT_SSL_CTX_DATA, https)) ||
	       error_set(err, ERROR_INTERNAL, "cannot set up libcurl for a key on a token");
}

void https_free(struct https *https)
{
	if (!https)
		return;
	curl_easy_cleanup(https->curl);
	free(https->host);
	free(https);
}

void auto_https(struct https **https)
{
	https_free(*https);
}

char *https_url(const struct https *https, const char *path)
{
	return xasprintf("https://%s%s", https->host, path);
}

void https_put_escaped(struct buf *out, const char *text)
{
	char *escaped = curl_easy_escape(NULL, text, 0);
	if (!escaped)
		abort();
	buf_put_text(out, escaped);
	curl_free(escaped);
}

static bool explain(const struct https *https, CURLcode code, struct error *err)
{
	const char *reason = *https->reason ? https->reason : curl_easy_strerror(code);
	switch (code) {
	case CURLE_WRITE_ERROR:
		return error_set(err, ERROR_UNAVAILABLE,
			"the answer is longer than the %u bytes that are accepted",
			HTTPS_ANSWER_MAX);
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
		return error_set(err, ERROR_DENIED,
			"the server does not prove to be the verified Coordinator: %s: if the Coordinator was set up anew, run 'marblerun manifest verify'; if it is known by another name, connect to that or add this one to its EDG_COORDINATOR_DNS_NAMES",
			reason);
	case CURLE_SSL_CERTPROBLEM:
		return error_set(err, ERROR_INVALID,
			"certificate and key of --cert and --key cannot be used: %s: both must be "
			"PEM, without password, and belong together",
			reason);
	case CURLE_COULDNT_CONNECT:
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_OPERATION_TIMEDOUT:
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_GOT_NOTHING:
		return error_set(err, ERROR_UNAVAILABLE,
			"%s: is this the address of the Coordinator's client API (by default port 4433), and is it running?",
			reason);
	default:
		return error_set(err, ERROR_UNAVAILABLE, "%s", reason);
	}
}

static bool set_method(CURL *curl, struct bytes body)
{
	if (!body.data)
		return !curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L);
	return !curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.size) &&
	       !curl_easy_setopt(curl, CURLOPT_POST, 1L) &&
	       !curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.data);
}

DEFINE_AUTO_FREE(auto_slist, struct curl_slist *, curl_slist_free_all)

bool https_request(struct https *https, const char *path, struct bytes body,
	struct https_answer *answer, struct error *err)
{
	AUTO(auto_free) char *url = https_url(https, path);
	AUTO(auto_slist)
	struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
	buf_clear(&answer->body);
	https->answer = &answer->body;
	if (!headers || curl_easy_setopt(https->curl, CURLOPT_URL, url) ||
		curl_easy_setopt(https->curl, CURLOPT_HTTPHEADER, body.data ? headers : NULL) ||
		!set_method(https->curl, body))
		return error_set(err, ERROR_INTERNAL, "cannot set up libcurl for %s", url);
	CURLcode code = curl_easy_perform(https->curl);
	if (!code)
		code = curl_easy_getinfo(https->curl, CURLINFO_RESPONSE_CODE, &answer->status);
	curl_easy_setopt(https->curl, CURLOPT_HTTPHEADER, NULL);
	if (!code)
		return true;
	explain(https, code, err);
	return error_prefix(err, "%s %s", body.data ? "POST" : "GET", url);
}
