/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the launcher does before an application runs: verifying trusted files of 1 GiB, one, and as
 * many as there are cores, against SHA-256 of bytes that are in memory already. One JSON object per
 * line on stdout; rates are MiB/s.
 */
#include "bench.h"

#include "base/memory.h"
#include "crypto/digest.h"
#include "graphene/sim_policy.h"

#include <fcntl.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#define MIB   (1U << 20)
#define STEP  (64U * MIB) /* more than caches hold */
#define STEPS 16U
#define TOTAL ((double)STEPS * STEP / MIB)

/* The same file under several names, as each is hashed on its own; gone when the process is. */
static void make_files(char **paths, unsigned count, const uint8_t *step)
{
	char name[] = "/tmp/bench_trusted_files.XXXXXX";
	int fd = mkostemp(name, O_CLOEXEC);
	MUST(fd >= 0 && !unlink(name));
	for (unsigned i = 0; i < STEPS; i++)
		MUST(write(fd, step, STEP) == STEP);
	for (unsigned i = 0; i < count; i++)
		paths[i] = xasprintf("/proc/self/fd/%d", dup(fd));
}

/* MiB/s of nothing but hashing, and the hash. */
static double measure_hash(const uint8_t *step, uint8_t digest[SHA256_SIZE])
{
	struct sha256 hash;
	double start = bench_seconds();
	sha256_start(&hash);
	for (unsigned i = 0; i < STEPS; i++)
		sha256_add(&hash, step, STEP);
	sha256_finish(&hash, digest);
	return TOTAL / (bench_seconds() - start);
}

static double measure(char **paths, unsigned count, const uint8_t digest[SHA256_SIZE])
{
	struct graphene_manifest manifest = { .generation = GRAPHENE_GENERATION_GRAMINE };
	AUTO(auto_free) struct graphene_file *files = xcalloc(count, sizeof(*files));
	for (unsigned i = 0; i < count; i++) {
		files[i] = (struct graphene_file){ .path = paths[i], .has_sha256 = true };
		memcpy(files[i].sha256, digest, SHA256_SIZE);
	}
	manifest.trusted = (struct graphene_file_list){ files, count };
	struct sim_policy *policy = sim_policy_new(&manifest, NULL);
	MUST(policy);
	double start = bench_seconds();
	MUST(sim_policy_verify(policy, count, NULL));
	double seconds = bench_seconds() - start;
	sim_policy_free(policy);
	return count * TOTAL / seconds;
}

int main(void)
{
	unsigned cores = (unsigned)get_nprocs();
	uint8_t digest[SHA256_SIZE];
	AUTO(auto_free) char **paths = xcalloc(cores, sizeof(*paths));
	AUTO(auto_free) uint8_t *step = xmalloc(STEP);
	random_bytes(step, STEP);
	make_files(paths, cores, step);

	double alone = measure_hash(step, digest);
	bench_print("trusted-file-hash", measure(paths, 1, digest), "MiB/s", alone);
	bench_print("trusted-file-hash all cores", measure(paths, cores, digest), "MiB/s",
		cores * alone);
	for (unsigned i = 0; i < cores; i++)
		free(paths[i]);
	return 0;
}
