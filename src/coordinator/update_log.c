/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/update_log.h"

#include "base/json_text.h"

#include <string.h>
#include <time.h>

void update_log_put(struct buf *log, const char *update)
{
	struct timespec now;
	struct tm parts;
	char seconds[32];
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &parts);
	strftime(seconds, sizeof(seconds), "%Y-%m-%dT%H:%M:%S", &parts);
	buf_printf(log, "{\"time\":\"%s.%03ld+0000\",\"update\":", seconds, now.tv_nsec / 1000000);
	json_text_put(log, update, strlen(update));
	buf_put_text(log, "}\n");
}
