/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/witness.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/hex.h"
#include "base/memory.h"
#include "base/number.h"

#include <inttypes.h>
#include <limits.h>
#include <pthread.h>
#include <string.h>

#define FILE_MAX_SIZE 256
#define ID_DIGITS     32
#define NUMBER_DIGITS 20

struct witness {
	char *path;
	pthread_mutex_t lock; /* of everything below */
	bool exists;
	bool knows; /* it says what follows */
	uint8_t id[WITNESS_ID_SIZE];
	uint64_t sequence;
	uint64_t records;
	bool has_next;
	uint8_t next[WITNESS_ID_SIZE]; /* may be saved already, or not */
};

static bool take_prefix(const char **text, const char *prefix)
{
	size_t length = strlen(prefix);
	bool is_there = !strncmp(*text, prefix, length);
	*text += is_there ? length : 0;
	return is_there;
}

/* What stands before `end`, which is stepped over. */
static bool take_word(const char **text, char end, char *word, size_t size)
{
	const char *stop = strchr(*text, end);
	if (!stop || (size_t)(stop - *text) >= size)
		return false;
	*(char *)mempcpy(word, *text, (size_t)(stop - *text)) = 0;
	*text = stop + 1;
	return true;
}

static bool take_number(const char **text, char end, uint64_t *value)
{
	char word[NUMBER_DIGITS + 1];
	unsigned long number;
	if (!take_word(text, end, word, sizeof(word)) || !number_parse(word, ULONG_MAX, &number))
		return false;
	*value = number;
	return true;
}

static bool take_id(const char **text, char end, uint8_t id[WITNESS_ID_SIZE])
{
	char word[ID_DIGITS + 1];
	return take_word(text, end, word, sizeof(word)) &&
	       hex_decode_exact(id, WITNESS_ID_SIZE, word);
}

static bool parse(struct witness *witness, const char *text)
{
	if (!take_prefix(&text, "marblerun-witness 1 ") || !take_id(&text, ' ', witness->id) ||
		!take_number(&text, ' ', &witness->sequence) ||
		!take_number(&text, '\n', &witness->records))
		return false;
	witness->has_next = take_prefix(&text, "next ");
	return (!witness->has_next || take_id(&text, '\n', witness->next)) && !*text;
}

static bool read_witness(struct witness *witness, struct error *err)
{
	AUTO(buf_free) struct buf text = { 0 };
	struct error reason = { 0 };
	witness->exists = file_read(witness->path, FILE_MAX_SIZE, &text, &reason);
	if (!witness->exists && reason.kind != ERROR_NOT_FOUND)
		return error_set(err, reason.kind, "witness: %s", reason.message);
	witness->knows = text.size > 0;
	return !text.size || parse(witness, buf_text(&text)) ||
	       error_set(err, ERROR_INVALID,
		       "witness: %s is not a file that a Coordinator wrote as its witness: name "
		       "another one (EDG_COORDINATOR_WITNESS)",
		       witness->path);
}

struct witness *witness_open(const char *path, struct error *err)
{
	struct witness *witness = xcalloc(1, sizeof(*witness));
	pthread_mutex_init(&witness->lock, NULL);
	witness->path = xstrdup(path);
	if (read_witness(witness, err))
		return witness;
	witness_free(witness);
	return NULL;
}

void witness_free(struct witness *witness)
{
	if (!witness)
		return;
	pthread_mutex_destroy(&witness->lock);
	free(witness->path);
	free(witness);
}

/* With the lock held. */
static bool write_witness(struct witness *witness, struct error *err)
{
	char id[ID_DIGITS + 1];
	AUTO(buf_free) struct buf text = { 0 };
	hex_format(id, witness->id, sizeof(witness->id));
	buf_printf(&text, "marblerun-witness 1 %s %" PRIu64 " %" PRIu64 "\n", id, witness->sequence,
		witness->records);
	if (witness->has_next) {
		hex_format(id, witness->next, sizeof(witness->next));
		buf_printf(&text, "next %s\n", id);
	}
	witness->knows = true;
	witness->exists = true;
	return file_replace(witness->path, text.data, text.size, 0600, err) ||
	       error_prefix(err, "witness");
}

/* What speaks against a state; NULL if nothing does. */
static const char *find_fault(const struct witness *witness, const uint8_t id[WITNESS_ID_SIZE],
	uint64_t sequence, uint64_t records, bool was_witnessed)
{
	if (!witness->exists && was_witnessed)
		return "is missing: mount its storage, or, if it is lost, make an empty file there "
		       "to believe the sealed state as it is";
	if (!witness->knows || (witness->has_next && !memcmp(witness->next, id, WITNESS_ID_SIZE)))
		return NULL;
	if (memcmp(witness->id, id, WITNESS_ID_SIZE) != 0)
		return "knows another deployment: restore the sealed state that belongs to it, or "
		       "empty the file to believe this one as it is";
	if (sequence < witness->sequence)
		return "has seen a later state than this one: restore the latest, or empty the "
		       "file to believe this one as it is";
	if (records < witness->records)
		return "has seen later counters than these: restore the latest seal directory, or "
		       "empty the file to believe this one as it is";
	return NULL;
}

static bool begin(struct witness *witness, const uint8_t id[WITNESS_ID_SIZE], uint64_t sequence,
	uint64_t records, struct error *err)
{
	pthread_mutex_lock(&witness->lock);
	witness->has_next = false;
	memcpy(witness->id, id, WITNESS_ID_SIZE);
	witness->sequence = sequence;
	witness->records = records;
	bool written = write_witness(witness, err);
	pthread_mutex_unlock(&witness->lock);
	return written;
}

bool witness_accept(struct witness *witness, const uint8_t id[WITNESS_ID_SIZE], uint64_t sequence,
	uint64_t records, bool was_witnessed, struct error *err)
{
	const char *fault = find_fault(witness, id, sequence, records, was_witnessed);
	if (fault)
		return error_set(err, ERROR_DENIED,
			"the sealed state is not believed: its witness %s %s", witness->path,
			fault);
	return begin(witness, id, sequence, records, err);
}

bool witness_expect(struct witness *witness, const uint8_t id[WITNESS_ID_SIZE], struct error *err)
{
	if (!witness)
		return true;
	pthread_mutex_lock(&witness->lock);
	witness->has_next = true;
	memcpy(witness->next, id, WITNESS_ID_SIZE);
	bool written = write_witness(witness, err);
	pthread_mutex_unlock(&witness->lock);
	return written;
}

/* It never goes back, whoever calls last. */
static bool raise(struct witness *witness, uint64_t *known, uint64_t value, struct error *err)
{
	bool written = true;
	pthread_mutex_lock(&witness->lock);
	if (*known < value) {
		*known = value;
		written = write_witness(witness, err);
	}
	pthread_mutex_unlock(&witness->lock);
	return written;
}

bool witness_note_save(struct witness *witness, const uint8_t id[WITNESS_ID_SIZE],
	uint64_t sequence, struct error *err)
{
	if (!witness)
		return true;
	if (memcmp(witness->id, id, WITNESS_ID_SIZE) != 0)
		return begin(witness, id, sequence, 0, err);
	return raise(witness, &witness->sequence, sequence, err);
}

bool witness_note_records(struct witness *witness, uint64_t records, struct error *err)
{
	return !witness || raise(witness, &witness->records, records, err);
}
