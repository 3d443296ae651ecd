/* SPDX-License-Identifier: Apache-2.0 */
#include "dcap/collateral_source.h"

#include "base/memory.h"
#include "dcap/collateral_folder.h"
#include "dcap/pck_folder.h"

struct folder_source {
	struct collateral_source source; /* first, so that it is the same pointer */
	struct collateral_folder *folder;
	char *path;
};

static struct collateral *get_from_folder(struct collateral_source *source,
	const struct collateral_request *request, struct error *err)
{
	struct folder_source *self = (struct folder_source *)source;
	return collateral_folder_get(
		self->folder, request->fmspc, request->is_tdx, request->pck_ca, err);
}

static bool put_pck_from_folder(struct collateral_source *source, const struct pck_request *request,
	struct buf *pem, struct error *err)
{
	struct folder_source *self = (struct folder_source *)source;
	return pck_folder_put(self->path, request, pem, err);
}

static void close_folder(struct collateral_source *source)
{
	struct folder_source *self = (struct folder_source *)source;
	collateral_folder_close(self->folder);
	free(self->path);
	free(self);
}

struct collateral_source *collateral_source_of_folder(
	const char *path, const struct anchor *anchor, unsigned look_again, struct error *err)
{
	struct collateral_folder *folder = collateral_folder_open(path, anchor, look_again, err);
	if (!folder)
		return NULL;
	struct folder_source *self = xcalloc(1, sizeof(*self));
	self->source =
		(struct collateral_source){ get_from_folder, put_pck_from_folder, close_folder };
	self->path = xstrdup(path);
	self->folder = folder;
	return &self->source;
}
