/* SPDX-License-Identifier: Apache-2.0 */
#include "graphene/pf_crypt.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/strmap.h"
#include "crypto/digest.h"
#include "graphene/manifest.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define STEP        (1U << 20)
#define DEPTH_MAX   100
#define OUTPUT_MODE 0664

DEFINE_AUTO_FREE(auto_closedir, DIR *, closedir)

bool pf_crypt_generate_key(const char *path, struct error *err)
{
	uint8_t key[CIPHER_KEY_SIZE];
	AUTO(auto_close) int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 && errno == EEXIST)
		return error_set(err, ERROR_STATE,
			"%s exists; without its key what it encrypted is lost, so remove it first "
			"if you mean it",
			path);
	random_bytes(key, sizeof(key));
	bool written = fd >= 0 && file_write_all(fd, key, sizeof(key));
	memory_wipe(key, sizeof(key));
	return written || error_errno(err, "cannot write %s", path);
}

bool pf_crypt_read_key(const char *path, uint8_t key[CIPHER_KEY_SIZE], struct error *err)
{
	AUTO(buf_free) struct buf content = { 0 };
	if (!file_read(path, 4096, &content, err))
		return false;
	if (content.size != CIPHER_KEY_SIZE)
		return error_set(err, ERROR_INVALID,
			"%s has %zu bytes; a wrap key has %d, not in hex", path, content.size,
			CIPHER_KEY_SIZE);
	memcpy(key, content.data, CIPHER_KEY_SIZE);
	return true;
}

/* A file that becomes `path` when it is complete. */
struct output {
	const char *path;
	char *temporary;
	int fd;
};

static void drop_output(struct output *output)
{
	auto_close(&output->fd);
	if (output->temporary)
		unlink(output->temporary);
	free(output->temporary);
}

static bool start_output(struct output *output, const char *path, struct error *err)
{
	mode_t mask = umask(0);
	umask(mask);
	*output = (struct output){ .path = path, .temporary = xasprintf("%s.XXXXXX", path) };
	output->fd = mkostemp(output->temporary, O_CLOEXEC);
	if (output->fd >= 0 && !fchmod(output->fd, OUTPUT_MODE & ~mask))
		return true;
	error_errno(err, "cannot write %s", path);
	if (output->fd < 0) {
		free(output->temporary);
		output->temporary = NULL;
	}
	return false;
}

static bool finish_output(struct output *output, struct error *err)
{
	if (fsync(output->fd) || rename(output->temporary, output->path))
		return error_errno(err, "cannot write %s", output->path);
	free(output->temporary);
	output->temporary = NULL;
	return true;
}

static bool copy_in(
	struct pf_crypt *work, int input, struct protected_file *file, struct error *err)
{
	AUTO(buf_free) struct buf step = { 0 };
	uint8_t *data = buf_extend(&step, STEP);
	uint64_t offset = 0;
	for (;;) {
		ssize_t got = read(input, data, STEP);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_errno(err, "cannot read it");
		if (!got)
			return protected_file_flush(file, err);
		if (!protected_file_write(file, offset, data, (size_t)got, err))
			return false;
		offset += (uint64_t)got;
		progress_add(&work->progress, (uint64_t)got);
	}
}

/* `output` is -1 where the content is only to be looked at. */
static bool copy_out(
	struct pf_crypt *work, struct protected_file *file, int output, struct error *err)
{
	AUTO(buf_free) struct buf step = { 0 };
	uint8_t *data = buf_extend(&step, STEP);
	for (uint64_t offset = 0; offset < protected_file_size(file);) {
		size_t got;
		if (!protected_file_read(file, offset, data, STEP, &got, err))
			return false;
		if (output >= 0 && !file_write_all(output, data, got))
			return error_errno(err, "cannot write what it holds");
		offset += got;
		progress_add(&work->progress, got);
	}
	return true;
}

static bool encrypt(struct pf_crypt *work, int input, const char *output, struct error *err)
{
	AUTO(drop_output) struct output made = { .fd = -1 };
	AUTO(auto_free) char *bound_to = graphene_normalise_path(output);
	if (!start_output(&made, output, err))
		return false;
	struct protected_options options = {
		.host = host_file_of_fd(made.fd), .path = bound_to, .format = work->format
	};
	made.fd = dup(made.fd); /* the options have taken the other one over */
	memcpy(options.key, work->key, sizeof(options.key));
	AUTO(auto_protected_file)
	struct protected_file *file = protected_file_create(&options, err);
	memory_wipe(&options, sizeof(options));
	return file && copy_in(work, input, file, err) && finish_output(&made, err);
}

static bool explain(const char *path, struct error *err)
{
	AUTO(auto_free) char *side = xasprintf("%s" SIDE_FILE_SUFFIX, path);
	if (!access(side, F_OK))
		error_prefix(err,
			"a write of it may have been interrupted, which its application takes back "
			"when it opens it");
	return false;
}

/* Takes `input` over. */
static struct protected_file *open_protected(
	const struct pf_crypt *work, const char *path, int input, struct error *err)
{
	AUTO(auto_free) char *bound_to = graphene_normalise_path(path);
	struct protected_options options = { .host = host_file_of_fd(input),
		.path = work->check_path ? bound_to : NULL };
	memcpy(options.key, work->key, sizeof(options.key));
	struct protected_file *file = protected_file_open(&options, err);
	memory_wipe(&options, sizeof(options));
	if (!file)
		explain(path, err);
	return file;
}

static bool decrypt(
	struct pf_crypt *work, struct protected_file *file, const char *output, struct error *err)
{
	AUTO(drop_output) struct output made = { .fd = -1 };
	return start_output(&made, output, err) && copy_out(work, file, made.fd, err) &&
	       finish_output(&made, err);
}

static void show(const char *path, const struct protected_file *file)
{
	printf("%s: %s, %llu bytes, bound to the path \"%s\"\n", path,
		protected_format_name(protected_file_format(file)),
		(unsigned long long)protected_file_size(file), protected_file_path(file));
}

static void announce(struct pf_crypt *work, const char *input, const char *output)
{
	progress_clear(&work->progress);
	if (work->mode == PF_ENCRYPT) {
		AUTO(auto_free) char *bound_to = graphene_normalise_path(output);
		printf("Encrypting: %s -> %s\n", input, output);
		printf("    (Gramine's encrypted files must contain this exact path: \"%s\")\n",
			bound_to);
	}
	if (work->mode == PF_DECRYPT)
		printf("Decrypting: %s -> %s\n", input, output);
	if (work->mode == PF_VERIFY)
		printf("Verifying: %s\n", input);
	fflush(stdout);
}

static bool run_file(
	struct pf_crypt *work, const char *input, const char *output, struct error *err)
{
	AUTO(auto_close) int fd = open(input, O_RDONLY | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return error_errno(err, "cannot read it");
	announce(work, input, output);
	if (work->mode == PF_ENCRYPT)
		return encrypt(work, fd, output, err);
	AUTO(auto_protected_file)
	struct protected_file *file = open_protected(work, input, take_fd(&fd), err);
	if (!file)
		return false;
	if (work->mode == PF_SHOW) {
		show(input, file);
		return true;
	}
	return (work->mode == PF_DECRYPT ? decrypt(work, file, output, err)
					 : copy_out(work, file, -1, err)) ||
	       explain(input, err);
}

/* Side files are part of their main files. */
static bool is_entry(const char *name)
{
	size_t length = strlen(name);
	size_t suffix = strlen(SIDE_FILE_SUFFIX);
	return strcmp(name, ".") != 0 && strcmp(name, "..") != 0 &&
	       (length < suffix || strcmp(name + length - suffix, SIDE_FILE_SUFFIX) != 0);
}

/* What to do with each regular file below a folder. */
struct walk {
	bool (*visit)(struct walk *walk, const char *input, const char *output, struct error *err);
	struct pf_crypt *work;
	uint64_t size; /* of all files */
};

static bool walk_through(struct walk *walk, const char *input, const char *output, unsigned depth,
	struct error *err);

static bool read_names(const char *folder, struct strmap *names, struct error *err)
{
	AUTO(auto_closedir) DIR *entries = opendir(folder);
	if (!entries)
		return error_errno(err, "cannot read folder %s", folder);
	for (struct dirent *entry; (entry = readdir(entries));) {
		if (is_entry(entry->d_name))
			strmap_add(names, entry->d_name, NULL);
	}
	strmap_sort(names, NULL);
	return true;
}

static bool walk_folder(
	struct walk *walk, const char *input, const char *output, unsigned depth, struct error *err)
{
	struct strmap names = { 0 };
	bool good = read_names(input, &names, err);
	for (size_t i = 0; i < names.count && good; i++) {
		const char *name = names.entries[i].name;
		AUTO(auto_free) char *inner_input = xasprintf("%s/%s", input, name);
		AUTO(auto_free)
		char *inner_output = output ? xasprintf("%s/%s", output, name) : NULL;
		good = walk_through(walk, inner_input, inner_output, depth + 1, err);
	}
	strmap_free(&names, NULL);
	return good;
}

static bool walk_through(
	struct walk *walk, const char *input, const char *output, unsigned depth, struct error *err)
{
	struct stat st;
	if (stat(input, &st))
		return error_errno(err, "cannot read %s", input);
	if (S_ISREG(st.st_mode)) {
		walk->size += (uint64_t)st.st_size;
		return walk->visit(walk, input, output, err) || error_prefix(err, "%s", input);
	}
	if (!S_ISDIR(st.st_mode))
		return error_set(err, ERROR_INVALID, "%s is neither a file nor a folder", input);
	if (depth > DEPTH_MAX)
		return error_set(err, ERROR_INVALID, "%s lies too deep", input);
	if (output && walk->work && mkdir(output, 0775) && errno != EEXIST)
		return error_errno(err, "cannot make folder %s", output);
	return walk_folder(walk, input, output, depth, err);
}

static bool count_file(struct walk *walk, const char *input, const char *output, struct error *err)
{
	(void)walk;
	(void)input;
	(void)output;
	(void)err;
	return true;
}

static bool visit_file(struct walk *walk, const char *input, const char *output, struct error *err)
{
	return run_file(walk->work, input, output, err);
}

bool pf_crypt_run(struct pf_crypt *work, const char *input, const char *output, struct error *err)
{
	struct walk count = { .visit = count_file };
	struct walk walk = { .visit = visit_file, .work = work };
	if (!walk_through(&count, input, NULL, 0, err))
		return false;
	work->progress = progress_start(count.size);
	bool done = walk_through(&walk, input, output, 0, err);
	progress_clear(&work->progress);
	return done;
}
