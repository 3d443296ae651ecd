/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/token.h"

#include "base/file.h"

#define CONFIG_MAX (1U << 20) /* bytes */

static const char *unless_empty(const char *text)
{
	return text && *text ? text : NULL;
}

bool token_read_place(const struct options *options, struct buf *config,
	struct marblerun_pkcs11 *place, struct error *err)
{
	if (!file_read(options->pkcs11_config, CONFIG_MAX, config, err))
		return false;
	*place = (struct marblerun_pkcs11){
		.config = config->data,
		.config_size = config->size,
		.key_id = unless_empty(options->pkcs11_key_id),
		.key_label = unless_empty(options->pkcs11_key_label),
		.certificate_id = unless_empty(options->pkcs11_cert_id),
		.certificate_label = unless_empty(options->pkcs11_cert_label),
	};
	return true;
}
