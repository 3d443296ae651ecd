/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/vm_reports.h"

#include "base/cleanup.h"
#include "base/memory.h"

#include <errno.h>
#include <string.h>

struct report {
	uint64_t number;
	char *name;
	unsigned long generation; /* how often inblob was written */
	struct buf inblob;
	struct buf outblob; /* of the present inblob; empty: not made yet */
};

/* In the order of their numbers. */
struct vm_reports {
	struct vm_kernel kernel;
	struct report *list;
	size_t count;
	uint64_t last_number;
};

struct vm_reports *vm_reports_new(const struct vm_kernel *kernel)
{
	struct vm_reports *reports = xcalloc(1, sizeof(*reports));
	reports->kernel = *kernel;
	return reports;
}

static void free_report(struct report *report)
{
	free(report->name);
	buf_free(&report->inblob);
	buf_free(&report->outblob);
}

void vm_reports_free(struct vm_reports *reports)
{
	if (!reports)
		return;
	for (size_t i = 0; i < reports->count; i++)
		free_report(&reports->list[i]);
	free(reports->list);
	free(reports);
}

static struct report *find(const struct vm_reports *reports, const char *name)
{
	for (size_t i = 0; i < reports->count; i++) {
		if (!strcmp(reports->list[i].name, name))
			return &reports->list[i];
	}
	return NULL;
}

static struct report *find_from(const struct vm_reports *reports, uint64_t number)
{
	for (size_t i = 0; i < reports->count; i++) {
		if (reports->list[i].number >= number)
			return &reports->list[i];
	}
	return NULL;
}

static struct report *find_number(const struct vm_reports *reports, uint64_t number)
{
	struct report *report = find_from(reports, number);
	return report && report->number == number ? report : NULL;
}

int vm_reports_make(struct vm_reports *reports, const char *name, uint64_t *number)
{
	if (find(reports, name))
		return EEXIST;
	*number = ++reports->last_number;
	reports->list = xreallocarray(reports->list, reports->count + 1, sizeof(*reports->list));
	reports->list[reports->count++] =
		(struct report){ .number = *number, .name = xstrdup(name) };
	return 0;
}

int vm_reports_remove(struct vm_reports *reports, const char *name)
{
	struct report *report = find(reports, name);
	if (!report)
		return ENOENT;
	free_report(report);
	size_t behind = reports->count - (size_t)(report - reports->list) - 1;
	memmove(report, report + 1, behind * sizeof(*report));
	reports->count--;
	return 0;
}

uint64_t vm_reports_find(const struct vm_reports *reports, const char *name)
{
	const struct report *report = find(reports, name);
	return report ? report->number : 0;
}

const char *vm_reports_next(const struct vm_reports *reports, uint64_t *number)
{
	const struct report *report = find_from(reports, *number);
	if (!report)
		return NULL;
	*number = report->number;
	return report->name;
}

bool vm_reports_exists(const struct vm_reports *reports, uint64_t number)
{
	return find_number(reports, number);
}

static void store(struct report *report, struct bytes inblob)
{
	buf_clear(&report->inblob);
	buf_clear(&report->outblob);
	buf_put(&report->inblob, inblob.data, inblob.size);
	report->generation++;
}

int vm_reports_store(struct vm_reports *reports, uint64_t number, struct bytes inblob)
{
	struct report *report = find_number(reports, number);
	if (!report)
		return ENOENT;
	store(report, inblob);
	return 0;
}

static int make_quote(const struct vm_kernel *kernel, struct report *report)
{
	struct sgx_quote quote = kernel->quote;
	memcpy(quote.td.report_data, report->inblob.data, sizeof(quote.td.report_data));
	if (!platform_put_quote_of(kernel->platform, &quote, &report->outblob, NULL))
		return EIO;
	buf_put_zeros(&report->outblob, kernel->padding);
	return 0;
}

/* What the host makes of it. */
static int ask_host(const struct vm_kernel *kernel, struct report *report)
{
	static const uint8_t of_others[TD_REPORT_DATA_SIZE];
	switch (kernel->fault) {
	case VM_FAULT_BUSY:
		return EBUSY;
	case VM_FAULT_REFUSED:
		return EIO;
	case VM_FAULT_TIMEOUT:
		return ETIMEDOUT;
	case VM_FAULT_EMPTY:
		return 0;
	case VM_FAULT_RACE:
		store(report, (struct bytes){ of_others, sizeof(of_others) });
		break;
	case VM_FAULT_NONE:
		break;
	}
	return make_quote(kernel, report);
}

static int show_outblob(const struct vm_kernel *kernel, struct report *report, struct buf *value)
{
	if (report->inblob.size != TD_REPORT_DATA_SIZE)
		return EINVAL;
	int error = report->outblob.size ? 0 : ask_host(kernel, report);
	if (!error)
		buf_put(value, report->outblob.data, report->outblob.size);
	return error;
}

int vm_reports_show(
	struct vm_reports *reports, uint64_t number, enum vm_attribute attribute, struct buf *value)
{
	struct report *report = find_number(reports, number);
	if (!report)
		return ENOENT;
	switch (attribute) {
	case VM_PROVIDER:
		buf_printf(value, "%s\n", reports->kernel.provider);
		return 0;
	case VM_GENERATION:
		buf_printf(value, "%lu\n", report->generation);
		return 0;
	case VM_OUTBLOB:
		return show_outblob(&reports->kernel, report, value);
	default:
		return EACCES;
	}
}
