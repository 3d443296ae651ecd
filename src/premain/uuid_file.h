/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file that makes a Marble the same one after a restart (spec premain.md clause 2): exactly the
 * text of its UUID.
 */
#ifndef PREMAIN_UUID_FILE_H
#define PREMAIN_UUID_FILE_H

#include "base/error.h"
#include "base/uuid.h"

/*
 * Reads the file, or creates it with a new random UUID, mode 0600, durably and without replacing
 * one that somebody else creates at the same time.
 */
bool uuid_file_load(const char *path, char uuid[UUID_TEXT_SIZE], struct error *err);

#endif
