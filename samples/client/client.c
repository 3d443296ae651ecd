/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client HOST:PORT ERA COLLATERAL [ROOT]: verifies the Coordinator by its quote, and prints what it
 * says of itself. cc client.c $(pkg-config --cflags --libs marblerun)
 */
#include <marblerun/marblerun.h>
#include <stdio.h>

static bool show(struct marblerun *m)
{
	int code;
	struct marblerun_bytes message = { 0 };
	struct marblerun_manifest manifest = { 0 };
	if (!marblerun_get_status(m, &code, &message))
		return false;
	printf("status %d: %s\n", code, (const char *)message.data);
	marblerun_bytes_free(&message);
	if (!marblerun_get_manifest(m, &manifest))
		return marblerun_error_kind(m) == MARBLERUN_STATE;
	printf("manifest %s: %s\n", manifest.fingerprint, (const char *)manifest.manifest.data);
	marblerun_manifest_free(&manifest);
	return true;
}

int main(int argc, char **argv)
{
	char era[4096];
	FILE *file = argc > 3 ? fopen(argv[2], "r") : NULL;
	if (!file) {
		fprintf(stderr, "usage: client HOST:PORT ERA COLLATERAL [ROOT]\n");
		return 2;
	}
	size_t size = fread(era, 1, sizeof(era), file);
	fclose(file);
	struct marblerun *m = marblerun_new(argv[1]);
	marblerun_set_collateral(m, argv[3]);
	marblerun_set_trust_root(m, argv[4]);
	bool success = marblerun_set_era(m, era, size) && marblerun_verify(m) && show(m);
	if (!success)
		fprintf(stderr, "client: %s\n", marblerun_error(m));
	marblerun_free(m);
	return success ? 0 : 1;
}
