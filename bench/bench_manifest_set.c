/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long a manifest takes to be decoded, checked and parsed, against what jansson takes to parse
 * the same bytes: one JSON object per size, times in milliseconds, the best of several runs.
 */
#include "base/cleanup.h"
#include "base/log.h"
#include "manifest/manifest.h"

#include <jansson.h>
#include <stdio.h>
#include <time.h>

#define RUNS 7

/* Marbles as the samples of Graphene have them: a few files with templates, env and arguments. */
static void put_marble(struct buf *out, int number)
{
	buf_printf(out,
		"%s\n\"marble-%d\":{\"Package\":\"package-%d\",\"MaxActivations\":10,"
		"\"Parameters\":{\"Files\":{"
		"\"/dev/attestation/protected_files_key\":\"{{ hex .MarbleRun.SealKey }}\","
		"\"server.crt\":\"{{ pem .Secrets.server_cert.Cert }}\","
		"\"server.key\":\"{{ pem .Secrets.server_cert.Private }}\","
		"\"config\":{\"Encoding\":\"base64\",\"NoTemplates\":true,\"Data\":\"bGlzdGVuIDQ0Mwo=\"}},"
		"\"Env\":{\"ROOT_CA\":\"{{ pem .MarbleRun.RootCA.Cert }}\",\"INDEX\":\"%d\"},"
		"\"Argv\":[\"./server\",\"--port\",\"443\"]}}",
		number ? "," : "", number, number % 10, number);
}

static void put_manifest(struct buf *out, int marbles)
{
	buf_put_text(out, "{\"Packages\":{");
	for (int i = 0; i < 10; i++)
		buf_printf(out,
			"%s\"package-%d\":{\"SignerID\":\"%064d\",\"ProductID\":%d,"
			"\"SecurityVersion\":1}",
			i ? "," : "", i, i, i);
	buf_put_text(out, "},\"Secrets\":{\"server_cert\":{\"Type\":\"cert-ecdsa\",\"Size\":256,"
			  "\"Cert\":{\"Subject\":{\"CommonName\":\"server\"}}}},\"Marbles\":{");
	for (int i = 0; i < marbles; i++)
		put_marble(out, i);
	buf_put_text(out, "}}");
}

static double now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return 1e3 * (double)now.tv_sec + 1e-6 * (double)now.tv_nsec;
}

static bool set_manifest(struct bytes text)
{
	struct error err = { 0 };
	struct manifest *manifest = manifest_parse(text, &err);
	if (!manifest)
		fprintf(stderr, "%s\n", err.message);
	else
		manifest_free(manifest);
	return manifest;
}

static bool load_tree(struct bytes text)
{
	json_t *tree = json_loadb(text.data, text.size, 0, NULL);
	json_decref(tree);
	return tree;
}

/* The best time of several runs; negative when one failed. */
static double best_of(bool (*run)(struct bytes text), struct bytes text)
{
	double best = -1;
	for (int i = 0; i < RUNS; i++) {
		double start = now_ms();
		if (!run(text))
			return -1;
		double elapsed = now_ms() - start;
		if (best < 0 || elapsed < best)
			best = elapsed;
	}
	return best;
}

int main(void)
{
	log_configure(LOG_ERROR, LOG_CONSOLE);
	for (int marbles = 10; marbles <= 10000; marbles *= 10) {
		AUTO(buf_free) struct buf text = { 0 };
		put_manifest(&text, marbles);
		double figure = best_of(set_manifest, buf_bytes(&text));
		double limit = best_of(load_tree, buf_bytes(&text));
		if (figure < 0 || limit < 0)
			return 1;
		printf("{\"name\":\"manifest-set %d marbles\",\"figure\":%.3f,\"unit\":\"ms\","
		       "\"limit\":%.3f,\"ratio\":%.2f}\n",
			marbles, figure, limit, figure / limit);
	}
	return 0;
}
