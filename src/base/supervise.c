/* SPDX-License-Identifier: Apache-2.0 */
#include "base/supervise.h"

#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

static const int passed_on[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGTSTP,
	SIGCONT };

void supervise_signals(sigset_t *signals)
{
	sigemptyset(signals);
	for (size_t i = 0; i < sizeof(passed_on) / sizeof(*passed_on); i++)
		sigaddset(signals, passed_on[i]);
	sigaddset(signals, SIGCHLD);
}

bool supervise_own_group(void)
{
	return !isatty(STDIN_FILENO);
}

int supervise_exit_status(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int supervise(pid_t child, bool own_group)
{
	sigset_t signals;
	siginfo_t info;
	int status;
	supervise_signals(&signals);
	for (;;) {
		int signal = sigwaitinfo(&signals, &info);
		if (signal < 0)
			continue;
		if (signal == SIGCHLD) {
			if (waitpid(child, &status, WNOHANG) == child)
				return supervise_exit_status(status);
			continue;
		}
		/* what the terminal sends to its foreground group has reached the program */
		if (own_group || info.si_code != SI_KERNEL)
			kill(child, signal);
		/* stop as the program does; the shell wakes both */
		if (signal == SIGTSTP)
			raise(SIGSTOP);
	}
}
