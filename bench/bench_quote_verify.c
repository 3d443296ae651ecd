/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a DCAP verification costs: cold (the first of a verifier, which reads and verifies all
 * collateral) and warm (a platform that is known), each against nothing but the ECDSA verifications
 * that it cannot do without. Both are taken in turns, so that what the machine does beside strikes
 * both. One JSON object per line on stdout.
 */
#include "base/cleanup.h"
#include "base/memory.h"
#include "dcap_pki.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define COLD_ROUNDS 500
#define WARM_ROUNDS 5000
/* PCK CA, PCK, QE report, quote, two CRLs, TCB signer, TCB info, QE identity */
#define COLD_SIGNATURES 9
#define WARM_SIGNATURES 1  /* the quote */
#define TCB_LEVELS      11 /* as many as Intel mostly has for one kind of platform */

static double now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;
	return (x > y) - (x < y);
}

/* The middle one: on a shared machine the mean says more about the neighbours. */
static double median(double *times, size_t count)
{
	qsort(times, count, sizeof(*times), compare);
	return times[count / 2];
}

/* Levels with all that Intel writes into them, of which the platform has the first. */
static void write_real_size(struct pki *pki)
{
	static const char *const components[] = { "\"category\":\"BIOS\",\"type\":\"Early "
						  "Microcode Update\"",
		"\"category\":\"OS/VMM\",\"type\":\"SGX Late Microcode Update\"",
		"\"category\":\"OS/VMM\",\"type\":\"TXT SINIT\"", "\"category\":\"BIOS\"" };
	char *levels = strstr(buf_text(&pki->tcb_info), "\"tcbLevels\"");
	AUTO(buf_free) struct buf text = { 0 };
	buf_put(&text, pki->tcb_info.data, (size_t)(levels - buf_text(&pki->tcb_info)));
	buf_put_text(&text, "\"tcbLevels\":[");
	for (int level = 0; level < TCB_LEVELS; level++) {
		buf_printf(&text, "%s{\"tcb\":{\"sgxtcbcomponents\":[", level ? "," : "");
		for (int i = 0; i < TCB_COMPONENTS; i++)
			buf_printf(&text, "%s{\"svn\":%d%s%s}", i ? "," : "", i ? 0 : 14 - level,
				i < 4 ? "," : "", i < 4 ? components[i] : "");
		buf_printf(&text,
			"],\"pcesvn\":13},\"tcbDate\":\"2024-03-13T00:00:00Z\","
			"\"tcbStatus\":\"%s\",\"advisoryIDs\":[\"INTEL-SA-00828\","
			"\"INTEL-SA-00657\",\"INTEL-SA-00767\"]}",
			level ? "OutOfDate" : "SWHardeningNeeded");
	}
	buf_put_text(&text, "]}");
	buf_free(&pki->tcb_info);
	pki->tcb_info = buf_take(&text);
	pki_write(pki);
	pki_make_old(pki); /* as collateral mostly is */
}

static void verify(struct dcap_verifier *verifier, const struct buf *quote)
{
	struct dcap_result result;
	struct error err = { 0 };
	bool good = dcap_verify(verifier, buf_bytes(quote), PKI_NOW, &result, &err);
	issue_must(good, err.message);
	dcap_result_free(&result);
}

/* It does not look at its files for each quote. */
static struct dcap_verifier *coordinators_verifier(const struct pki *pki)
{
	AUTO(auto_free) char *root = xasprintf("%s/root.pem", pki->folder);
	const struct dcap_verifier_config config = {
		.collateral_folder = pki->folder, .trust_root_file = root, .look_again = 1000
	};
	struct error err = { 0 };
	struct dcap_verifier *verifier = dcap_verifier_new(&config, &err);
	issue_must(verifier != NULL, err.message);
	return verifier;
}

/* One ECDSA verification of a digest, with everything prepared that can be. */
struct ecdsa {
	EVP_PKEY_CTX *ctx;
	struct buf signature;
	uint8_t digest[SHA256_SIZE];
};

/* All that a cold verification has, by the keys that it has them of; the quote's comes first. */
struct operations {
	struct ecdsa list[COLD_SIGNATURES];
};

static void operations_prepare(struct operations *operations, const struct pki *pki)
{
	EVP_PKEY *const keys[COLD_SIGNATURES] = { pki->attestation_key, pki->pck_key, pki->ca_key,
		pki->ca_key, pki->root_key, pki->root_key, pki->root_key, pki->signing_key,
		pki->signing_key };
	for (size_t i = 0; i < COLD_SIGNATURES; i++) {
		struct ecdsa *ecdsa = &operations->list[i];
		const struct bytes message = { &i, sizeof(i) };
		*ecdsa = (struct ecdsa){ .ctx = EVP_PKEY_CTX_new(keys[i], NULL) };
		MUST(key_sign(keys[i], EVP_sha256(), message, &ecdsa->signature, NULL));
		sha256(message.data, message.size, ecdsa->digest);
		MUST(EVP_PKEY_verify_init(ecdsa->ctx) == 1);
	}
}

static void operations_free(struct operations *operations)
{
	for (size_t i = 0; i < COLD_SIGNATURES; i++) {
		EVP_PKEY_CTX_free(operations->list[i].ctx);
		buf_free(&operations->list[i].signature);
	}
}

/* Of the first `count`. */
static double time_of(const struct operations *operations, int count)
{
	double start = now_us();
	for (int i = 0; i < count; i++) {
		const struct ecdsa *ecdsa = &operations->list[i];
		MUST(EVP_PKEY_verify(ecdsa->ctx, ecdsa->signature.data, ecdsa->signature.size,
			     ecdsa->digest, sizeof(ecdsa->digest)) == 1);
	}
	return now_us() - start;
}

static double time_of_cold(const struct pki *pki, const struct buf *quote)
{
	struct dcap_verifier *verifier = pki_verifier(pki);
	double start = now_us();
	verify(verifier, quote);
	double taken = now_us() - start;
	dcap_verifier_free(verifier);
	return taken;
}

static double time_of_warm(struct dcap_verifier *verifier, const struct buf *quote)
{
	double start = now_us();
	verify(verifier, quote);
	return now_us() - start;
}

/* Sorts the times. */
static void print(const char *name, double *figures, double *limits, size_t rounds)
{
	double figure = median(figures, rounds);
	double limit = median(limits, rounds);
	printf("{\"name\":\"%s\",\"figure\":%.1f,\"unit\":\"us\",\"limit\":%.1f,"
	       "\"ratio\":%.2f}\n",
		name, figure, limit, figure / limit);
}

static void measure_cold(
	const struct pki *pki, const struct buf *quote, const struct operations *limit)
{
	static double figures[COLD_ROUNDS];
	static double limits[COLD_ROUNDS];
	for (size_t i = 0; i < COLD_ROUNDS; i++) {
		figures[i] = time_of_cold(pki, quote);
		limits[i] = time_of(limit, COLD_SIGNATURES);
	}
	print("quote-verify-cold", figures, limits, COLD_ROUNDS);
}

static void measure_warm(
	const struct pki *pki, const struct buf *quote, const struct operations *limit)
{
	static double figures[WARM_ROUNDS];
	static double limits[WARM_ROUNDS];
	struct dcap_verifier *verifier = coordinators_verifier(pki);
	verify(verifier, quote);
	for (size_t i = 0; i < WARM_ROUNDS; i++) {
		figures[i] = time_of_warm(verifier, quote);
		limits[i] = time_of(limit, WARM_SIGNATURES);
	}
	dcap_verifier_free(verifier);
	print("quote-verify-warm", figures, limits, WARM_ROUNDS);
}

int main(void)
{
	struct pki pki;
	AUTO(buf_free) struct buf quote = { 0 };
	AUTO(operations_free) struct operations limit;
	pki_make(&pki);
	write_real_size(&pki);
	pki_put_quote(&pki, &quote);
	operations_prepare(&limit, &pki);
	measure_cold(&pki, &quote, &limit);
	measure_warm(&pki, &quote, &limit);
	pki_free(&pki);
	return 0;
}
