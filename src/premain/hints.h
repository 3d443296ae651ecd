/* SPDX-License-Identifier: Apache-2.0 */
/* Remedies for what users most often meet (spec premain.md clause 11). */
#ifndef PREMAIN_HINTS_H
#define PREMAIN_HINTS_H

/* What to do about an error with this message; NULL if that is not known. */
const char *hint_for(const char *message);

#endif
