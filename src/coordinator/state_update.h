/* SPDX-License-Identifier: Apache-2.0 */
/* The stored form of what updates leave: raised SecurityVersions, the update that is pending. */
#ifndef COORDINATOR_STATE_UPDATE_H
#define COORDINATOR_STATE_UPDATE_H

#include "coordinator/deployment.h"

#include <jansson.h>

void state_put_updates(json_t *state, const struct deployment *deployment);
/* Before the manifest is read. States of versions that knew no updates have none. */
bool state_get_updates(const json_t *state, struct deployment *deployment, struct error *err);

#endif
