/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel of a simulated confidential VM keeps for each folder below tsm/report: attributes
 * and their rules, as in Linux (its Documentation/ABI/testing/configfs-tsm-report), without the
 * file system that shows them. For one thread.
 */
#ifndef PLATFORM_VM_REPORTS_H
#define PLATFORM_VM_REPORTS_H

#include "platform/platform.h"

/* How the quoting service of the host fails. */
enum vm_fault {
	VM_FAULT_NONE,
	VM_FAULT_BUSY,    /* still owes an earlier answer: EBUSY */
	VM_FAULT_REFUSED, /* EIO */
	VM_FAULT_TIMEOUT, /* ETIMEDOUT, but at once */
	VM_FAULT_EMPTY,   /* answers without a quote, which kernels pass on */
	VM_FAULT_RACE,    /* another process writes zeros to inblob just before outblob is read */
};

/* The VM. The platform must live as long as what uses this. */
struct vm_kernel {
	struct platform *platform;
	struct sgx_quote quote; /* what quotes say, but for the report data */
	const char *provider;
	size_t padding; /* zeros behind each quote, bytes */
	enum vm_fault fault;
};

enum vm_attribute { VM_PROVIDER, VM_GENERATION, VM_INBLOB, VM_OUTBLOB, VM_ATTRIBUTES };

struct vm_reports;

struct vm_reports *vm_reports_new(const struct vm_kernel *kernel);
void vm_reports_free(struct vm_reports *reports);

/* Makes a report. Reports have numbers from 1 on, which are not used again. 0 or EEXIST. */
int vm_reports_make(struct vm_reports *reports, const char *name, uint64_t *number);
/* 0 or ENOENT. */
int vm_reports_remove(struct vm_reports *reports, const char *name);
/* The number of the report; 0 if there is none. */
uint64_t vm_reports_find(const struct vm_reports *reports, const char *name);
/* The first report whose number is at least `number`, which gets its number; NULL if there is none.
 */
const char *vm_reports_next(const struct vm_reports *reports, uint64_t *number);
bool vm_reports_exists(const struct vm_reports *reports, uint64_t number);

/*
 * Appends the value of an attribute other than inblob. 0 or an errno: ENOENT for a report that was
 * removed, EINVAL for outblob when inblob is not exactly 64 bytes, or as the fault says.
 */
int vm_reports_show(struct vm_reports *reports, uint64_t number, enum vm_attribute attribute,
	struct buf *value);
/* Sets inblob, of at most 64 bytes. 0 or ENOENT. */
int vm_reports_store(struct vm_reports *reports, uint64_t number, struct bytes inblob);

#endif
