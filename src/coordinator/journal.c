/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/journal.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/hex.h"
#include "base/memory.h"
#include "base/reader.h"
#include "coordinator/deployment.h"
#include "crypto/aead.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define FILE_PREFIX "sealed_counters_"
#define FILE_MAX    (1U << 30)
#define RECORD_MAX  (1U << 26)
#define LONG_FILE   (1U << 20)
#define LONG_FACTOR 4
#define MAGIC       UINT32_MAX /* greater than any length */
#define TAG_SIZE    16

struct journal {
	char *path;
	bool is_in_memory; /* there is no file */
	bool is_old;       /* of format 1, as it is read */
	int fd;
	uint64_t sequence; /* of the next record */
	off_t size;
	off_t rewritten_size; /* after the last rewriting */
	uint8_t id[DEPLOYMENT_ID_SIZE];
	uint8_t key[COUNTER_KEY_SIZE];
};

void journal_record_put(struct journal_record *record, const char *name, uint64_t value)
{
	size_t length = strlen(name);
	buf_put_u32(&record->entries, (uint32_t)length);
	buf_put(&record->entries, name, length);
	buf_put_u64(&record->entries, value);
}

void journal_record_free(struct journal_record *record)
{
	buf_free(&record->entries);
}

static char *journal_name(const struct counters_config *config)
{
	char id[2 * DEPLOYMENT_ID_SIZE + 1];
	hex_format(id, config->id, DEPLOYMENT_ID_SIZE);
	return xasprintf(FILE_PREFIX "%s", id);
}

static struct journal *new_journal(const struct counters_config *config)
{
	struct journal *journal = xcalloc(1, sizeof(*journal));
	AUTO(auto_free) char *name = journal_name(config);
	journal->path = xasprintf("%s/%s", config->folder, name);
	journal->fd = -1;
	memcpy(journal->id, config->id, DEPLOYMENT_ID_SIZE);
	journal->is_in_memory = config->is_in_memory;
	memcpy(journal->key, config->key, COUNTER_KEY_SIZE);
	return journal;
}

void journal_close(struct journal *journal)
{
	if (!journal)
		return;
	auto_close(&journal->fd);
	free(journal->path);
	memory_wipe(journal, sizeof(*journal));
	free(journal);
}

/* What a record is bound to: deployment and position. */
static void put_bound(const struct journal *journal, uint64_t sequence, struct buf *out)
{
	buf_put_text(out, "activation counters");
	buf_put(out, journal->id, DEPLOYMENT_ID_SIZE);
	buf_put_u64(out, sequence);
}

static uint32_t check_of(const struct journal *journal, uint64_t sequence, uint32_t length)
{
	AUTO(buf_free) struct buf input = { 0 };
	uint8_t hash[SHA256_SIZE];
	buf_put(&input, journal->key, COUNTER_KEY_SIZE);
	put_bound(journal, sequence, &input);
	buf_put_u32(&input, length);
	sha256(input.data, input.size, hash);
	struct reader r = reader_of(hash, sizeof(hash));
	return reader_u32(&r);
}

static void put_header(const struct journal *journal, struct buf *out)
{
	buf_put_u32(out, MAGIC);
	buf_put_u64(out, journal->sequence);
	buf_put_u32(out, check_of(journal, journal->sequence, MAGIC));
}

static bool put_sealed(const struct journal *journal, const struct journal_record *record,
	struct buf *out, struct error *err)
{
	AUTO(buf_free) struct buf bound = { 0 };
	uint32_t length = (uint32_t)(record->entries.size + AEAD_OVERHEAD);
	put_bound(journal, journal->sequence, &bound);
	buf_put_u32(out, length);
	buf_put_u32(out, check_of(journal, journal->sequence, length));
	return aead_seal((struct bytes){ journal->key, COUNTER_KEY_SIZE },
		buf_bytes(&record->entries), buf_bytes(&bound), out, err);
}

static bool open_file(struct journal *journal, struct error *err)
{
	auto_close(&journal->fd);
	journal->fd = open(journal->path, O_WRONLY | O_CLOEXEC);
	if (journal->fd < 0 || lseek(journal->fd, journal->size, SEEK_SET) < 0)
		return error_errno(err, "cannot write %s", journal->path);
	return true;
}

struct journal *journal_create(const struct counters_config *config, struct error *err)
{
	struct journal *journal = new_journal(config);
	AUTO(buf_free) struct buf header = { 0 };
	put_header(journal, &header);
	journal->size = (off_t)header.size;
	if (journal->is_in_memory ||
		(file_replace(journal->path, header.data, header.size, 0600, err) &&
			open_file(journal, err)))
		return journal;
	journal_close(journal);
	return NULL;
}

static bool read_entries(const struct buf *entries,
	void (*on_entry)(void *context, const char *name, uint64_t value), void *context)
{
	struct reader r = reader_of(entries->data, entries->size);
	while (!r.bad && r.left) {
		size_t length = reader_u32(&r);
		const uint8_t *name = reader_bytes(&r, length);
		uint64_t value = reader_u64(&r);
		if (r.bad)
			return false;
		AUTO(auto_free) char *text = xstrndup((const char *)name, length);
		on_entry(context, text, value);
	}
	return true;
}

static bool read_header(struct journal *journal, struct reader *r)
{
	uint32_t magic = reader_u32(r);
	journal->sequence = reader_u64(r);
	uint32_t check = reader_u32(r);
	return !r->bad && magic == MAGIC && check == check_of(journal, journal->sequence, MAGIC);
}

enum record { RECORD_GOOD, RECORD_CUT, RECORD_DAMAGED };

/*
 * Reads the next record. What a crash leaves of the last one is too short, or zeros where its
 * content did not reach the disk.
 */
static enum record read_record(const struct journal *journal, struct reader *r, struct buf *entries)
{
	AUTO(buf_free) struct buf bound = { 0 };
	struct reader all = *r;
	uint32_t size = reader_u32(r);
	uint32_t check = journal->is_old ? 0 : reader_u32(r);
	if (r->bad)
		return RECORD_CUT;
	if (!journal->is_old && check != check_of(journal, journal->sequence, size))
		return memory_is_zero(all.next, all.left) ? RECORD_CUT : RECORD_DAMAGED;
	const uint8_t *sealed = reader_bytes(r, size);
	if (r->bad)
		return RECORD_CUT;
	put_bound(journal, journal->sequence, &bound);
	if (size <= RECORD_MAX &&
		aead_open((struct bytes){ journal->key, COUNTER_KEY_SIZE },
			(struct bytes){ sealed, size }, buf_bytes(&bound), entries, NULL))
		return RECORD_GOOD;
	bool is_unwritten = size >= TAG_SIZE && memory_is_zero(r->next - TAG_SIZE, TAG_SIZE);
	return !r->left && (journal->is_old || is_unwritten) ? RECORD_CUT : RECORD_DAMAGED;
}

static bool read_records(struct journal *journal, struct reader *r,
	void (*on_entry)(void *context, const char *name, uint64_t value), void *context)
{
	const uint8_t *start = r->next;
	while (r->left) {
		AUTO(buf_free) struct buf entries = { 0 };
		enum record kind = read_record(journal, r, &entries);
		if (kind == RECORD_CUT)
			return true;
		if (kind == RECORD_DAMAGED || !read_entries(&entries, on_entry, context))
			return false;
		journal->sequence++;
		journal->size += (off_t)(r->next - start);
		start = r->next;
	}
	return true;
}

/* Reads the whole; journal->size ends behind the last good record. */
static bool read_file(struct journal *journal, const struct counters_config *config,
	const struct buf *file, void (*on_entry)(void *context, const char *name, uint64_t value),
	void *context, struct error *err)
{
	struct reader r = reader_of(file->data, file->size);
	struct reader start = r;
	journal->is_old = config->may_be_old && reader_u32(&start) != MAGIC;
	bool good = journal->is_old || read_header(journal, &r);
	journal->size = (off_t)(file->size - r.left);
	return (good && read_records(journal, &r, on_entry, context)) ||
	       error_set(err, ERROR_INTERNAL,
		       "%s is damaged at byte %lld: restore the seal directory as a whole",
		       journal->path, (long long)journal->size);
}

struct journal *journal_open(const struct counters_config *config,
	void (*on_entry)(void *context, const char *name, uint64_t value), void *context,
	struct error *err)
{
	struct journal *journal = new_journal(config);
	AUTO(buf_free) struct buf file = { 0 };
	if (file_read(journal->path, FILE_MAX, &file, err) &&
		read_file(journal, config, &file, on_entry, context, err))
		return journal;
	error_prefix(err, "activation counters");
	journal_close(journal);
	return NULL;
}

bool journal_append(struct journal *journal, const struct journal_record *record, struct error *err)
{
	AUTO(buf_free) struct buf sealed = { 0 };
	if (journal->is_in_memory) {
		journal->sequence++;
		return true;
	}
	if (!put_sealed(journal, record, &sealed, err) ||
		(journal->fd < 0 && !open_file(journal, err)))
		return false;
	/* what a crash may have left behind the last good record goes first */
	if (ftruncate(journal->fd, journal->size) ||
		lseek(journal->fd, journal->size, SEEK_SET) < 0 ||
		!file_write_all(journal->fd, sealed.data, sealed.size) || fsync(journal->fd)) {
		error_errno(err, "cannot write %s", journal->path);
		/* if this fails too, the next append truncates again */
		(void)!ftruncate(journal->fd, journal->size);
		return false;
	}
	journal->sequence++;
	journal->size += (off_t)sealed.size;
	return true;
}

bool journal_is_long(const struct journal *journal)
{
	return journal->size > LONG_FILE && journal->size > LONG_FACTOR * journal->rewritten_size;
}

bool journal_is_old(const struct journal *journal)
{
	return journal->is_old;
}

/* Another file has the name already: whoever wrote to the old one would write to nowhere. */
static bool is_replaced(const struct journal *journal)
{
	struct stat named;
	struct stat own;
	return !stat(journal->path, &named) && !fstat(journal->fd, &own) &&
	       (named.st_ino != own.st_ino || named.st_dev != own.st_dev);
}

bool journal_rewrite(
	struct journal *journal, const struct journal_record *record, struct error *err)
{
	AUTO(buf_free) struct buf sealed = { 0 };
	put_header(journal, &sealed);
	if (!put_sealed(journal, record, &sealed, err) ||
		(!file_replace(journal->path, sealed.data, sealed.size, 0600, err) &&
			!is_replaced(journal)))
		return false;
	journal->is_old = false;
	journal->sequence++;
	journal->size = (off_t)sealed.size;
	journal->rewritten_size = journal->size;
	return open_file(journal, err);
}

bool journal_keep_on_disk(struct journal *journal, bool on_disk,
	const struct journal_record *record, struct error *err)
{
	if (on_disk == !journal->is_in_memory)
		return true;
	if (on_disk && !journal_rewrite(journal, record, err))
		return false;
	journal->is_in_memory = !on_disk;
	if (!on_disk) {
		auto_close(&journal->fd);
		journal->fd = -1;
		(void)unlink(journal->path);
	}
	return true;
}

uint64_t journal_records(const struct journal *journal)
{
	return journal->sequence;
}

void journal_remove_others(const struct counters_config *config)
{
	AUTO(auto_free) char *own = journal_name(config);
	DIR *folder = opendir(config->folder);
	for (struct dirent *entry; folder && (entry = readdir(folder));) {
		const char *name = entry->d_name;
		if (!strncmp(name, FILE_PREFIX, strlen(FILE_PREFIX)) && strcmp(name, own) != 0)
			unlinkat(dirfd(folder), name, 0);
	}
	if (folder)
		closedir(folder);
}
