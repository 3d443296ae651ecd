/* SPDX-License-Identifier: Apache-2.0 */
/*
 * grpc_test_call ADDRESS PATH CERT KEY: makes the call with stdin as its message. Prints the name
 * of the status and its text on one line, then the answer. Exit status 1 and a line on stderr if
 * there was no answer.
 */
#include "base/cleanup.h"
#include "base/file.h"
#include "grpc/client.h"

#include <stdio.h>

int main(int argc, char **argv)
{
	AUTO(buf_free) struct buf request = { 0 };
	AUTO(grpc_call_result_free) struct grpc_call_result result = { 0 };
	struct error err = { 0 };
	char unknown[32];
	crypto_setup();
	AUTO(auto_ssl_ctx) SSL_CTX *tls = SSL_CTX_new(TLS_client_method());
	if (argc != 5 || SSL_CTX_use_certificate_file(tls, argv[3], SSL_FILETYPE_PEM) != 1 ||
		SSL_CTX_use_PrivateKey_file(tls, argv[4], SSL_FILETYPE_PEM) != 1) {
		fputs("grpc_test_call ADDRESS PATH CERT KEY\n", stderr);
		return 2;
	}
	if (!file_read("/dev/fd/0", GRPC_MESSAGE_MAX, &request, &err) ||
		!grpc_call_unary(argv[1], tls, argv[2], buf_bytes(&request), &result, &err)) {
		fprintf(stderr, "%s\n", err.message);
		return 1;
	}
	printf("%s %s\n", grpc_code_name(result.code, unknown), buf_text(&result.message));
	fwrite(result.body.data, 1, result.body.size, stdout);
	return 0;
}
