/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TOML as text, for edits that leave everything else as its author wrote it. The text has passed
 * toml_parse; what is found in it is a matter of spelling only.
 */
#ifndef CLI_TOML_TEXT_H
#define CLI_TOML_TEXT_H

#include "base/buf.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * Finds the value of a dotted key that stands at the start of a line, as Graphene's manifests have
 * it: *value is what follows the equals sign, without blanks and comments around it, and may go
 * over several lines. ERROR_NOT_FOUND when the key is spelled in another way, such as below a
 * [table]; ERROR_INVALID when there are several such lines.
 */
bool toml_text_find(struct bytes text, const char *key, struct bytes *value, struct error *err);

/*
 * Appends an array with an element more, each on a line of its own, indented by two blanks.
 * Comments stay where they were: behind their element, or on a line of their own. `array` NULL: a
 * new one.
 */
void toml_text_add_element(const struct bytes *array, const char *element, struct buf *out);

#endif
