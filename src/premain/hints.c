/* SPDX-License-Identifier: Apache-2.0 */
#include "premain/hints.h"

#include <stddef.h>
#include <string.h>

/*
 * The first one whose text stands in the message is given. Some texts are those of other
 * Coordinators than ours.
 */
static const struct {
	const char *text;
	const char *hint;
} hints[] = {
	{ "not set: EDG_MARBLE_TYPE",
		"set it to the Marble's name in the manifest's Marbles; the host's environment "
		"reaches the premain only with loader.insecure__use_host_env = 1 (Graphene) or "
		"loader.env.EDG_MARBLE_TYPE = { passthrough = true } (Gramine)" },
	{ "failed to unmarshal UUID",
		"the file must hold exactly a UUID, without a line break; without the file a new "
		"one is made, which changes the secrets derived for this Marble" },
	{ "failed to store uuid",
		"the premain must be able to create the UUID file: list it in sgx.allowed_files, "
		"or name another place with EDG_MARBLE_UUID_FILE; where it does not last, the "
		"secrets derived for this Marble change with every start" },
	{ "and its client API gives none",
		"a Coordinator without a quote in its certificate has to be asked at its client API: "
		"EDG_MARBLE_COORDINATOR_CLIENT_ADDR names that (by default the host of "
		"EDG_MARBLE_COORDINATOR_ADDR with port 4433)" },
	{ "EDG_MARBLE_COORDINATOR_CLIENT_ADDR",
		"it must name the client API, for example localhost:4433" },
	{ "Name or service not known",
		"check EDG_MARBLE_COORDINATOR_ADDR; inside an enclave names are found only with "
		"libnss_dns and libresolv as trusted files and /etc/hosts, /etc/resolv.conf, "
		"/etc/nsswitch.conf, /etc/host.conf as allowed files; an IP address needs none" },
	{ "Temporary failure in name resolution",
		"check EDG_MARBLE_COORDINATOR_ADDR; inside an enclave names are found only with "
		"libnss_dns and libresolv as trusted files and /etc/hosts, /etc/resolv.conf, "
		"/etc/nsswitch.conf, /etc/host.conf as allowed files; an IP address needs none" },
	{ "EDG_MARBLE_COORDINATOR_ERA: ",
		"this is the Marble's own file: it, and as its Collateral a folder with what is "
		"published now (marblerun collateral fetch), must be there in the Marble's file "
		"system, listed in the runtime's manifest in sgx.trusted_files or "
		"sgx.allowed_files" },
	{ "the Coordinator at",
		"EDG_MARBLE_COORDINATOR_ERA must name the enclave of this Coordinator (compare with "
		"marblerun quote show), and its folder Collateral hold what is published now" },
	{ "nobody answers at port",
		"is the Coordinator running, and does EDG_MARBLE_COORDINATOR_ADDR name its mesh "
		"API (by default port 2001)?" },
	{ "is no address",
		"EDG_MARBLE_COORDINATOR_ADDR must name the mesh API, for example localhost:2001" },
	{ "unknown marble type",
		"EDG_MARBLE_TYPE must be one of the names in the Marbles of the manifest that the "
		"Coordinator has: marblerun manifest get" },
	{ "cannot accept marbles in current state",
		"the Coordinator waits for a manifest (marblerun manifest set) or for its recovery "
		"(marblerun recover)" },
	{ "reached max activations",
		"the manifest's MaxActivations allows no further start of this Marble; an update "
		"does not reset the count" },
	{ "OE_MISSING_CERTIFICATE_CHAIN",
		"the quote has no certificate chain: configure the quote provider library (PCCS) "
		"on the host of this Marble" },
	{ "OE_QUOTE_PROVIDER_LOAD_ERROR",
		"the Coordinator's host lacks the quote provider library: install "
		"libsgx-dcap-default-qpl (or az-dcap-client) there" },
	{ "got: {Debug: false, MRTD",
		"this VM is not the one of the manifest's package: compare MRTD and RTMR0 to RTMR3, "
		"which change with its firmware, kernel, command line and initial RAM disk" },
	{ "not compliant",
		"this enclave is not the one of the manifest's package: compare UniqueID, SignerID, "
		"ProductID and SecurityVersion with what graphene-sign printed; Debug must be equal" },
	{ "TCB level invalid",
		"this machine's firmware or microcode is not up to date: update it, or accept the "
		"status in the package's AcceptedTCBStatuses" },
	{ "advisories not accepted",
		"the package accepts this machine with other advisories alone: mitigate these in "
		"the application and list them in the package's AcceptedAdvisories" },
	{ "is none of those accepted",
		"the package names the machines that may run it: if this is one of them, its PPID "
		"or platform instance ID belongs into the package's AcceptedPlatforms" },
	{ "collateral",
		"the Coordinator's operator has to fetch the collateral anew, or to name its folder "
		"(EDG_COORDINATOR_COLLATERAL)" },
	{ "--trust-root",
		"the Coordinator accepts quotes of another kind of machine than this one: for a "
		"simulated platform it needs EDG_COORDINATOR_TRUST_ROOT" },
	{ "invalid quote",
		"if this Marble could not get a quote (see above), enable sgx.remote_attestation, "
		"or in a VM the kernel's reports; in simulation the Coordinator must run in simulation mode as well" },
	{ "SealKey",
		"this Coordinator has no SealKey: use {{ hex .Secrets.NAME }} with a symmetric-key "
		"secret of size 128" },
	{ "TTLS config",
		"remove TLS from this Marble in the manifest; the application has to do TLS itself, "
		"with MARBLE_PREDEFINED_MARBLE_CERTIFICATE_CHAIN and …_PRIVATE_KEY" },
	{ "has no protected files",
		"take the keys below /dev/attestation out of Files of this Marble; in a VM, what is "
		"stored is protected by an encrypted disk, whose key may be another of its Files" },
	{ "/dev/attestation/",
		"the manifest's Files must have a key that this runtime knows: "
		"protected_files_key in Graphene and in Gramine before 1.5, keys/NAME in Gramine "
		"since 1.2" },
	{ "creating files from manifest",
		"what the manifest's Files creates must be writable: in the runtime's manifest "
		"list it in sgx.protected_files, in sgx.allowed_files, or mount a tmpfs there" },
};

const char *hint_for(const char *message)
{
	for (size_t i = 0; i < sizeof(hints) / sizeof(*hints); i++) {
		if (strstr(message, hints[i].text))
			return hints[i].hint;
	}
	return NULL;
}
