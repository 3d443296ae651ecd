/* SPDX-License-Identifier: Apache-2.0 */
/* The launcher while the application runs: passes signals on, waits for the end. */
#ifndef GRAPHENE_SIM_SIGNAL_H
#define GRAPHENE_SIM_SIGNAL_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

/* Those that are waited for instead of being handled: the ones to pass on, and SIGCHLD. */
void sim_signals(sigset_t *signals);

/* As a shell reports how a process ended: 128 + N for signal N. */
int sim_signal_exit_status(int status);

/*
 * Whether the application gets a process group of its own. With a terminal as stdin it stays in the
 * launcher's, so that the terminal's job control (Ctrl-C, Ctrl-Z, fg) reaches it as any program.
 */
bool sim_signal_own_group(void);

/* Serves until PID 1 of the sandbox has ended; returns the exit status for the launcher. */
int sim_signal_supervise(pid_t init, bool own_group);

#endif
