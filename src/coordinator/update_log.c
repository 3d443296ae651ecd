/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/update_log.h"

#include "base/clock.h"
#include "base/hex.h"
#include "coordinator/json_members.h"

#include <time.h>

void update_log_begin(struct buf *log, const char *update)
{
	struct timespec now;
	char seconds[CLOCK_TEXT_SIZE];
	clock_gettime(CLOCK_REALTIME, &now);
	clock_format_utc(seconds, now.tv_sec);
	buf_printf(log, "{\"time\":\"%.19s.%03ld+0000\"", seconds, now.tv_nsec / 1000000);
	json_put_text(log, "update", update);
}

void update_log_end(struct buf *log)
{
	buf_put_text(log, "}\n");
}

void fingerprint_of(struct bytes manifest, char fingerprint[FINGERPRINT_SIZE])
{
	uint8_t hash[SHA256_SIZE];
	sha256(manifest.data, manifest.size, hash);
	hex_format(fingerprint, hash, sizeof(hash));
}
