/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a DCAP verification costs: cold (a new verifier, which reads and verifies all collateral)
 * and warm (a platform that is known), each against nothing but the ECDSA verifications that it
 * cannot do without. One JSON object per line on stdout.
 */
#include "base/cleanup.h"
#include "base/memory.h"
#include "dcap_pki.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define COLD_ROUNDS 300
#define WARM_ROUNDS 5000
/* PCK CA, PCK, QE report, quote, two CRLs, TCB signer, TCB info, QE identity */
#define COLD_SIGNATURES 9
#define WARM_SIGNATURES 1 /* the quote */

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

static void verify(struct dcap_verifier *verifier, const struct buf *quote)
{
	struct dcap_result result;
	struct error err = { 0 };
	bool good = dcap_verify(verifier, buf_bytes(quote), PKI_NOW, &result, &err);
	issue_must(good, err.message);
	dcap_result_free(&result);
}

/* One ECDSA verification of a digest, with everything prepared that can be. */
static double measure_ecdsa(const struct pki *pki)
{
	AUTO(auto_free) double *times = xcalloc(WARM_ROUNDS, sizeof(*times));
	AUTO(buf_free) struct buf signature = { 0 };
	uint8_t digest[SHA256_SIZE];
	MUST(key_sign(pki->pck_key, EVP_sha256(), bytes_of_text("x"), &signature, NULL));
	sha256("x", 1, digest);
	AUTO(auto_pkey_ctx) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(pki->pck_key, NULL);
	MUST(EVP_PKEY_verify_init(ctx) == 1);
	for (size_t i = 0; i < WARM_ROUNDS; i++) {
		double start = now_us();
		MUST(EVP_PKEY_verify(ctx, signature.data, signature.size, digest, sizeof(digest)) ==
			1);
		times[i] = now_us() - start;
	}
	return median(times, WARM_ROUNDS);
}

static double measure_cold(const struct pki *pki, const struct buf *quote)
{
	AUTO(auto_free) double *times = xcalloc(COLD_ROUNDS, sizeof(*times));
	for (size_t i = 0; i < COLD_ROUNDS; i++) {
		struct dcap_verifier *verifier = pki_verifier(pki);
		double start = now_us();
		verify(verifier, quote);
		times[i] = now_us() - start;
		dcap_verifier_free(verifier);
	}
	return median(times, COLD_ROUNDS);
}

static double measure_warm(const struct pki *pki, const struct buf *quote)
{
	AUTO(auto_free) double *times = xcalloc(WARM_ROUNDS, sizeof(*times));
	struct dcap_verifier *verifier = pki_verifier(pki);
	verify(verifier, quote);
	for (size_t i = 0; i < WARM_ROUNDS; i++) {
		double start = now_us();
		verify(verifier, quote);
		times[i] = now_us() - start;
	}
	dcap_verifier_free(verifier);
	return median(times, WARM_ROUNDS);
}

static void print(const char *name, double figure, double limit)
{
	printf("{\"name\":\"%s\",\"figure\":%.1f,\"unit\":\"us\",\"limit\":%.1f,"
	       "\"ratio\":%.2f}\n",
		name, figure, limit, figure / limit);
}

int main(void)
{
	struct pki pki;
	AUTO(buf_free) struct buf quote = { 0 };
	pki_make(&pki);
	pki_write(&pki);
	pki_make_old(&pki); /* as collateral mostly is */
	pki_put_quote(&pki, &quote);
	double ecdsa = measure_ecdsa(&pki);
	double cold = measure_cold(&pki, &quote);
	double warm = measure_warm(&pki, &quote);
	pki_free(&pki);
	print("quote-verify-cold", cold, COLD_SIGNATURES * ecdsa);
	print("quote-verify-warm", warm, WARM_SIGNATURES * ecdsa);
	return 0;
}
