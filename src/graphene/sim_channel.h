/* SPDX-License-Identifier: Apache-2.0 */
/* Hands descriptors from the sandbox to the launcher. */
#ifndef GRAPHENE_SIM_CHANNEL_H
#define GRAPHENE_SIM_CHANNEL_H

#include "base/error.h"

/* Sends a duplicate; the descriptor stays open here. */
bool sim_channel_send(int channel, int fd, struct error *err);

/* The next descriptor, closed on exec; -1 with ERROR_UNAVAILABLE when the other side is gone. */
int sim_channel_receive(int channel, struct error *err);

#endif
