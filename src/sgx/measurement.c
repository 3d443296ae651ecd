/* SPDX-License-Identifier: Apache-2.0 */
#include "sgx/measurement.h"

#include "base/cleanup.h"
#include "crypto/digest.h"
#include "sgx/elf_segments.h"

#include <string.h>

#define PAGE            UINT64_C(4096)
#define CHUNK           256 /* bytes that one EEXTEND measures */
#define SSA_FRAME       UINT64_C(16384)
#define SSA_FRAMES      2
#define SSA_PER_THREAD  (SSA_FRAMES * SSA_FRAME)
#define REGISTERS       184 /* saved at the end of an SSA frame */
#define STACK           UINT64_C(262144)
#define SIGNAL_STACK    UINT64_C(65536)
#define ZERO_BASE_START UINT64_C(0x10000) /* nothing is mapped below when the base is zero */
#define HASH_STEP       16384
#define CANARY          UINT64_C(0x0000badbadbadbad)

#define SECINFO_R   0x1
#define SECINFO_W   0x2
#define SECINFO_X   0x4
#define SECINFO_TCS 0x100
#define SECINFO_REG 0x200

#define FLAGS_R   (SECINFO_REG | SECINFO_R)
#define FLAGS_RW  (SECINFO_REG | SECINFO_R | SECINFO_W)
#define FLAGS_RWX (SECINFO_REG | SECINFO_R | SECINFO_W | SECINFO_X)

/* Where the areas start, as offsets from the base (clause 4, "Memory layout"). */
struct plan {
	const struct enclave_layout *layout;
	uint64_t base;
	uint64_t threads;
	uint64_t manifest;
	uint64_t ssa;
	uint64_t tcs;
	uint64_t tls;
	uint64_t stacks;        /* of all threads; that of the first is the highest */
	uint64_t signal_stacks; /* likewise */
	uint64_t pal;
	uint64_t heap; /* from here to pal */
};

struct measuring {
	struct sha256 hash;
	struct buf records; /* that are still to be hashed */
	void (*on_area)(const struct enclave_area *area, void *context);
	void *context;
};

static const uint8_t zero_page[PAGE];

static uint64_t round_up(uint64_t size)
{
	return (size + PAGE - 1) & ~(PAGE - 1);
}

/* Takes size bytes, rounded up, from below *top. False when less is left above `bottom`. */
static bool place(uint64_t *top, uint64_t bottom, uint64_t size, uint64_t *start)
{
	size = round_up(size);
	if (size > *top - bottom)
		return false;
	*top -= size;
	*start = *top;
	return true;
}

static bool plan_areas(struct plan *plan, uint64_t pal_span)
{
	const struct enclave_layout *layout = plan->layout;
	uint64_t top = layout->enclave_size;
	uint64_t bottom = layout->base_is_zero ? ZERO_BASE_START : 0;
	uint64_t threads = layout->thread_num;
	plan->threads = threads;
	plan->base = layout->base_is_zero ? 0 : layout->enclave_size;
	plan->heap = bottom;
	return top > bottom && place(&top, bottom, layout->manifest.size + 1, &plan->manifest) &&
	       place(&top, bottom, threads * SSA_PER_THREAD, &plan->ssa) &&
	       place(&top, bottom, threads * PAGE, &plan->tcs) &&
	       place(&top, bottom, threads * PAGE, &plan->tls) &&
	       place(&top, bottom, threads * STACK, &plan->stacks) &&
	       place(&top, bottom, threads * SIGNAL_STACK, &plan->signal_stacks) &&
	       place(&top, bottom, pal_span, &plan->pal);
}

static void put_record(struct buf *out, const char name[8], uint64_t offset, uint64_t flags)
{
	buf_put(out, name, 8);
	buf_put_u64(out, offset);
	buf_put_u64(out, flags);
	buf_put_zeros(out, 40);
}

static void hash_records(struct measuring *m)
{
	sha256_add(&m->hash, m->records.data, m->records.size);
	buf_clear(&m->records);
}

static void create(struct measuring *m, uint64_t enclave_size)
{
	buf_put(&m->records, "ECREATE", 8);
	buf_put_u32(&m->records, SSA_FRAME / PAGE);
	buf_put_u64(&m->records, enclave_size);
	buf_put_zeros(&m->records, 44);
}

/* EADD of one page, and EEXTEND of its content unless that is NULL. */
static void add_page(struct measuring *m, uint64_t offset, uint64_t flags, const uint8_t *content)
{
	put_record(&m->records, "EADD\0\0\0", offset, flags);
	for (uint64_t at = 0; content && at < PAGE; at += CHUNK) {
		put_record(&m->records, "EEXTEND", offset + at, 0);
		buf_put(&m->records, content + at, CHUNK);
	}
	if (m->records.size >= HASH_STEP)
		hash_records(m);
}

static void report(const struct measuring *m, const struct enclave_area *area)
{
	if (m->on_area)
		m->on_area(area, m->context);
}

static void add_zeros(
	struct measuring *m, const char *name, uint64_t start, uint64_t size, uint64_t flags)
{
	struct enclave_area area = { name, start, start + size, flags, true };
	report(m, &area);
	for (uint64_t offset = start; offset < area.end; offset += PAGE)
		add_page(m, offset, flags, zero_page);
}

/*
 * Adds `size` bytes of memory that start at any offset in a page, the first of them with `content`:
 * whole pages, zero around the content.
 */
static void add_content(struct measuring *m, const char *name, uint64_t at, uint64_t size,
	struct bytes content, uint64_t flags)
{
	struct enclave_area area = { name, at & ~(PAGE - 1), round_up(at + size), flags, true };
	report(m, &area);
	const uint8_t *next = content.data;
	size_t left = content.size;
	for (uint64_t offset = area.start; offset < area.end; offset += PAGE) {
		uint8_t page[PAGE] = { 0 };
		size_t skip = offset < at ? (size_t)(at - offset) : 0;
		size_t take = left < PAGE - skip ? left : PAGE - skip;
		if (take) {
			memcpy(page + skip, next, take);
			next += take;
			left -= take;
		}
		add_page(m, offset, flags, page);
	}
}

static void put_tcs(struct buf *page, const struct plan *plan, uint64_t thread, uint64_t entry)
{
	buf_put_zeros(page, 16); /* state, flags */
	buf_put_u64(page, plan->ssa + thread * SSA_PER_THREAD);
	buf_put_u32(page, 0); /* CSSA */
	buf_put_u32(page, SSA_FRAMES);
	buf_put_u64(page, entry);
	buf_put_zeros(page, 16); /* reserved, FS base */
	buf_put_u64(page, plan->tls + thread * PAGE);
	buf_put_u32(page, PAGE - 1); /* limits of FS and GS */
	buf_put_u32(page, PAGE - 1);
}

static uint64_t stack_of(const struct plan *plan, uint64_t thread)
{
	return plan->stacks + (plan->threads - 1 - thread) * STACK;
}

static uint64_t signal_stack_of(const struct plan *plan, uint64_t thread)
{
	return plan->signal_stacks + (plan->threads - 1 - thread) * SIGNAL_STACK;
}

/* The block that Graphene's loader finds at GS (clause 4.2); addresses are absolute. */
static void put_tls(struct buf *page, const struct plan *plan, uint64_t thread)
{
	uint64_t base = plan->base;
	uint64_t ssa = base + plan->ssa + thread * SSA_PER_THREAD;
	uint64_t signal_stack = base + signal_stack_of(plan, thread);
	buf_put_u64(page, base + plan->tls + thread * PAGE);
	buf_put_u64(page, CANARY);
	buf_put_zeros(page, 256); /* thread block of the library OS */
	buf_put_u64(page, plan->layout->enclave_size);
	buf_put_u64(page, plan->tcs + thread * PAGE);
	buf_put_u64(page, base + stack_of(plan, thread) + STACK);
	buf_put_u64(page, 0);
	buf_put_u64(page, signal_stack);
	buf_put_u64(page, signal_stack + SIGNAL_STACK);
	buf_put_u64(page, 0);
	buf_put_u64(page, ssa);
	buf_put_u64(page, ssa + SSA_FRAME - REGISTERS);
	buf_put_zeros(page, 72); /* exit target, FS base, stacks, thread, flags */
	buf_put_u64(page, plan->layout->manifest.size + 1);
	buf_put_u64(page, base + plan->heap);
	buf_put_u64(page, base + plan->pal);
}

static void add_threads(struct measuring *m, const struct plan *plan, uint64_t entry)
{
	AUTO(buf_free) struct buf tcs = { 0 };
	AUTO(buf_free) struct buf tls = { 0 };
	for (uint64_t thread = 0; thread < plan->threads; thread++) {
		put_tcs(&tcs, plan, thread, entry);
		buf_put_zeros(&tcs, (thread + 1) * PAGE - tcs.size);
		put_tls(&tls, plan, thread);
		buf_put_zeros(&tls, (thread + 1) * PAGE - tls.size);
	}
	add_zeros(m, "ssa", plan->ssa, plan->threads * SSA_PER_THREAD, FLAGS_RW);
	add_content(m, "tcs", plan->tcs, tcs.size, buf_bytes(&tcs), SECINFO_TCS);
	add_content(m, "tls", plan->tls, tls.size, buf_bytes(&tls), FLAGS_RW);
	for (uint64_t thread = 0; thread < plan->threads; thread++)
		add_zeros(m, "stack", stack_of(plan, thread), STACK, FLAGS_RW);
	for (uint64_t thread = 0; thread < plan->threads; thread++)
		add_zeros(m, "sig_stack", signal_stack_of(plan, thread), SIGNAL_STACK, FLAGS_RW);
}

static void add_pal(struct measuring *m, const struct plan *plan, const struct elf_segments *pal)
{
	uint64_t load_offset = plan->pal - pal->start;
	for (size_t i = 0; i < pal->count; i++) {
		const struct elf_segment *segment = &pal->items[i];
		uint64_t flags = SECINFO_REG | (segment->readable ? SECINFO_R : 0) |
				 (segment->writable ? SECINFO_W : 0) |
				 (segment->executable ? SECINFO_X : 0);
		add_content(m, segment->executable ? "code" : "data",
			load_offset + segment->address, segment->size, segment->content, flags);
	}
}

static void add_heap(struct measuring *m, const struct plan *plan)
{
	struct enclave_area area = { "free", plan->heap, plan->pal, FLAGS_RWX, false };
	if (plan->layout->without_heap || area.start == area.end)
		return;
	report(m, &area);
	for (uint64_t offset = area.start; offset < area.end; offset += PAGE)
		add_page(m, offset, area.secinfo_flags, NULL);
}

bool enclave_measure(const struct enclave_layout *layout, uint8_t mr_enclave[SGX_HASH_SIZE],
	void (*on_area)(const struct enclave_area *area, void *context), void *context,
	struct error *err)
{
	struct elf_segments pal;
	if (!elf_segments_parse(layout->libpal, &pal, err))
		return error_prefix(err, "libpal");
	if (!layout->enclave_size || (layout->enclave_size & (layout->enclave_size - 1)))
		return error_set(err, ERROR_INVALID,
			"Enclave size not a power of two (an SGX-imposed requirement)");
	if (!layout->thread_num)
		return error_set(err, ERROR_INVALID, "the number of threads is not given");
	struct plan plan = { .layout = layout };
	if (!plan_areas(&plan, pal.end - pal.start))
		return error_set(err, ERROR_INVALID,
			"Enclave size is not large enough: manifest, loader and %u threads do not "
			"fit into %llu bytes",
			layout->thread_num, (unsigned long long)layout->enclave_size);
	struct measuring m = { .on_area = on_area, .context = context };
	sha256_start(&m.hash);
	create(&m, layout->enclave_size);
	add_content(&m, "manifest", plan.manifest, layout->manifest.size + 1, layout->manifest,
		FLAGS_R);
	add_threads(&m, &plan, plan.pal - pal.start + pal.entry);
	add_pal(&m, &plan, &pal);
	add_heap(&m, &plan);
	hash_records(&m);
	buf_free(&m.records);
	sha256_finish(&m.hash, mr_enclave);
	return true;
}
