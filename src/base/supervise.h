/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program that runs another and stays for its sake: signals reach the other, and its end is told,
 * as if it had been started in our place.
 */
#ifndef BASE_SUPERVISE_H
#define BASE_SUPERVISE_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

/* Those that are waited for instead of being handled: the ones to pass on, and SIGCHLD. */
void supervise_signals(sigset_t *signals);

/* As a shell reports how a process ended: 128 + N for signal N. */
int supervise_exit_status(int status);

/*
 * Whether the program gets a process group of its own. With a terminal as stdin it stays in ours,
 * so that the terminal's job control (Ctrl-C, Ctrl-Z, fg) reaches it as any program.
 */
bool supervise_own_group(void);

/*
 * Waits until the child has ended; returns the exit status to end with. The signals above are to be
 * blocked in all threads.
 */
int supervise(pid_t child, bool own_group);

#endif
