/* SPDX-License-Identifier: Apache-2.0 */
/*
 * premain-graphene: the entry point of the Graphene manifest. Activates the Marble, then turns into
 * the application, which inside an enclave costs no more than loading it: keys and files stay
 * (spec graphene-process-model.md clause 3).
 */
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/json_text.h"
#include "base/log.h"
#include "premain/premain.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

static void log_start(const char *service, char *const *argv)
{
	AUTO(buf_free) struct buf line = { 0 };
	buf_printf(&line, "starting %s with arguments [", service);
	for (char *const *argument = argv; *argument; argument++) {
		buf_put_text(&line, argument == argv ? "" : ", ");
		json_text_put(&line, *argument, strlen(*argument));
	}
	buf_put_text(&line, "]");
	log_info(buf_text(&line));
}

/* Starting itself again, without end, is what happens when nobody named the application. */
static bool is_premain(const char *service)
{
	struct stat named;
	struct stat own;
	return !stat(service, &named) && !stat("/proc/self/exe", &own) &&
	       named.st_dev == own.st_dev && named.st_ino == own.st_ino &&
	       named.st_size == own.st_size;
}

static const char *remedy(int reason)
{
	static const char name_it[] =
		"the manifest of the runtime must name the application: loader.argv0_override in "
		"Graphene, the first of loader.argv in Gramine, as a path from the working "
		"directory; it must be a trusted file. Without a runtime argv[0] names it: "
		"ExecStart=@PREMAIN APPLICATION in a unit of systemd, exec -a APPLICATION PREMAIN "
		"in a shell";
	switch (reason) {
	case EACCES:
	case EPERM:
		return "the application must be a trusted (or allowed) file of the manifest, and "
		       "executable on the host: chmod +x";
	case ENOEXEC:
		return "the application must be an ELF program; scripts (#!) work since Gramine "
		       "1.4: name the interpreter instead";
	case E2BIG:
	case ENOMEM:
		return "the application does not fit: raise sgx.enclave_size, or shorten Env and "
		       "Argv of the manifest";
	default:
		return name_it;
	}
}

/* Returns only if that fails. */
static void start(const char *service, struct workload *workload)
{
	char *default_argv[] = { "./marble", NULL };
	char **argv = workload->argv ? workload->argv : default_argv;
	struct error err = { 0 };
	if (is_premain(service)) {
		error_set(&err, ERROR_INVALID, "%s is the premain itself", service);
		premain_report(&err, remedy(ENOENT));
		return;
	}
	log_start(service, argv);
	execve(service, argv, workload->env);
	int reason = errno;
	AUTO(buf_free) struct buf hint = { 0 };
	const char *text = strerrordesc_np(reason) ? strerrordesc_np(reason) : "unknown error";
	error_set(&err, ERROR_INTERNAL, "cannot start %s: %c%s", service, tolower(*text), text + 1);
	buf_put_text(&hint, remedy(reason));
	if (!argv[1] && strchr(argv[0], ' '))
		buf_put_text(&hint, "; Argv of MarbleRun's manifest is a list with one argument "
				    "each, not a command line");
	premain_report(&err, buf_text(&hint));
}

int main(int argc, char **argv)
{
	AUTO(workload_free) struct workload workload = { 0 };
	/* before anything else, since argv is what names the application (spec clause 4) */
	const char *service = argc > 0 ? argv[0] : "";
	if (premain_run(&workload))
		start(service, &workload);
	return EXIT_FAILURE;
}
