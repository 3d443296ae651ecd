/* SPDX-License-Identifier: Apache-2.0 */
#include "graphene/sim_fuse.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fuse_server.h"
#include "base/log.h"
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>

#define SERVER_THREADS 16 /* requests that may wait for the host at the same time */

struct sim_fs *sim_fuse_fs(fuse_req_t request)
{
	return fuse_req_userdata(request);
}

struct sim_node *sim_fuse_node(fuse_req_t request, fuse_ino_t number)
{
	/* the kernel hands back what sim_fuse_enter gave it */
	return number == FUSE_ROOT_ID ? sim_nodes_root(sim_fuse_fs(request)->nodes)
				      : (struct sim_node *)number;
}

struct sim_open_file *sim_fuse_open_file(const struct fuse_file_info *info)
{
	return (struct sim_open_file *)info->fh;
}

bool sim_fuse_process(fuse_req_t request, struct sim_process *process)
{
	return sim_process_of_thread(
		sim_fuse_fs(request)->proc, fuse_req_ctx(request)->pid, process);
}

static void set_up(void *fs, struct fuse_conn_info *connection)
{
	(void)fs;
	/* for the many small requests a copy is cheaper than moving pages through a pipe */
	connection->want &= ~(unsigned)(FUSE_CAP_SPLICE_READ | FUSE_CAP_SPLICE_WRITE);
}

/* libfuse complains when the last process is gone and its mount with it, which is as it should be.
 */
static void log_complaint(enum fuse_log_level level, const char *format, va_list args)
{
	(void)level;
	AUTO(buf_free) struct buf message = { 0 };
	buf_vprintf(&message, format, args);
	log_debug("FUSE", "message", buf_text(&message));
}

static void *serve(void *session)
{
	struct fuse_loop_config *config = fuse_loop_cfg_create();
	fuse_loop_cfg_set_max_threads(config, SERVER_THREADS);
	fuse_loop_cfg_set_idle_threads(config, SERVER_THREADS);
	fuse_session_loop_mt(session, config);
	return NULL;
}

static struct fuse_session *new_session(struct sim_fs *fs)
{
	struct fuse_lowlevel_ops operations = { .init = set_up };
	sim_fuse_add_name_operations(&operations);
	sim_fuse_add_file_operations(&operations);
	sim_fuse_add_folder_operations(&operations);
	char *names[] = { "graphene-sim", NULL };
	struct fuse_args args = FUSE_ARGS_INIT(1, names);
	fuse_set_log_func(log_complaint);
	return fuse_session_new(&args, &operations, sizeof(operations), fs);
}

bool sim_fuse_serve(struct sim_fs *fs, int fd, struct error *err)
{
	return fuse_server_start(new_session(fs), fd, serve, err);
}
