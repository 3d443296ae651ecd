/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "attest/report_header.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"
#include "premain/environment.h"
#include "premain/files.h"
#include "premain/hints.h"
#include "premain/identity.h"
#include "premain/libos.h"
#include "premain/quote.h"
#include "premain/uuid_file.h"

#include <sys/stat.h>

#define HEX32 "00112233445566778899aabbccddeeff"

/* A temporary folder with what stands for /dev/attestation in it. */
struct place {
	char folder[32];
	char attestation[64];
};

static int setup(void **state)
{
	struct place *place = xcalloc(1, sizeof(*place));
	snprintf(place->folder, sizeof(place->folder), "/tmp/premain.XXXXXX");
	assert_non_null(mkdtemp(place->folder));
	snprintf(place->attestation, sizeof(place->attestation), "%s/attestation", place->folder);
	assert_int_equal(mkdir(place->attestation, 0755), 0);
	*state = place;
	return 0;
}

static int teardown(void **state)
{
	struct place *place = *state;
	AUTO(auto_free) char *command = xasprintf("rm -rf %s", place->folder);
	assert_int_equal(system(command), 0);
	free(place);
	return 0;
}

/* The path of a file of the place; freed by the caller. */
static char *path_in(const struct place *place, const char *name)
{
	return xasprintf("%s/%s", place->folder, name);
}

static void write_text(const struct place *place, const char *name, const char *text)
{
	AUTO(auto_free) char *path = path_in(place, name);
	struct error err = { 0 };
	assert_success(file_make_parents(path, 0755, &err), err);
	assert_success(file_replace(path, text, strlen(text), 0644, &err), err);
}

static void check_text(const struct place *place, const char *name, const char *text)
{
	AUTO(auto_free) char *path = path_in(place, name);
	AUTO(buf_free) struct buf content = { 0 };
	struct error err = { 0 };
	assert_success(file_read(path, 1000, &content, &err), err);
	assert_string_equal(buf_text(&content), text);
}

/* Parameters with files given as pairs of a path in the place and a text. */
struct given {
	Rpc__Parameters parameters;
	Rpc__Parameters__FilesEntry entries[8];
	Rpc__Parameters__FilesEntry *list[8];
	char *paths[8];
};

static void give_files(struct given *given, const struct place *place, const char *const *pairs)
{
	rpc__parameters__init(&given->parameters);
	given->parameters.files = given->list;
	size_t count = 0;
	for (; pairs[2 * count]; count++) {
		rpc__parameters__files_entry__init(&given->entries[count]);
		given->paths[count] = path_in(place, pairs[2 * count]);
		given->entries[count].key = given->paths[count];
		given->entries[count].value = (ProtobufCBinaryData){ strlen(pairs[2 * count + 1]),
			(uint8_t *)pairs[2 * count + 1] };
		given->list[count] = &given->entries[count];
	}
	given->parameters.n_files = count;
}

static void drop_files(struct given *given)
{
	for (size_t i = 0; i < given->parameters.n_files; i++)
		free(given->paths[i]);
}

static void keys_are_written_before_everything_else(void **state)
{
	const struct place *place = *state;
	static const char *const pairs[] = { "a", "1", "attestation/protected_files_key", HEX32,
		"attestation/keys/z", "0123456789abcdef", "b/c", "2", "attestation/keys/default",
		"0123456789ABCDEF", "attestation/user_report_data", "3", NULL };
	static const char *const order[] = { "attestation/keys/default", "attestation/keys/z",
		"attestation/protected_files_key", "a", "attestation/user_report_data", "b/c" };
	AUTO(drop_files) struct given given = { 0 };
	AUTO(file_plan_free) struct file_plan plan = { 0 };
	struct error err = { 0 };
	give_files(&given, place, pairs);
	assert_success(
		files_plan(&given.parameters, LIBOS_GRAPHENE, place->attestation, &plan, &err),
		err);
	assert_int_equal(plan.count, 6);
	for (size_t i = 0; i < plan.count; i++) {
		AUTO(auto_free) char *path = path_in(place, order[i]);
		assert_string_equal(plan.files[i].path, path);
		assert_int_equal(plan.files[i].is_pseudo, strstr(path, "/attestation/") != NULL);
	}
}

static void pseudo_files_are_written_but_never_made(void **state)
{
	const struct place *place = *state;
	static const char *const pairs[] = { "attestation/keys/known", "0123456789abcdef",
		"attestation/keys/unknown", "0123456789abcdef", "plain", "x", NULL };
	write_text(place, "attestation/keys/known", "");
	AUTO(drop_files) struct given given = { 0 };
	AUTO(file_plan_free) struct file_plan plan = { 0 };
	struct error err = { 0 };
	give_files(&given, place, pairs);
	assert_success(
		files_plan(&given.parameters, LIBOS_GRAPHENE, place->attestation, &plan, &err),
		err);
	assert_failure(files_write(&plan, &err), err, ERROR_INTERNAL, "keys/unknown: No such file");
	check_text(place, "attestation/keys/known", "0123456789abcdef");
	AUTO(auto_free) char *plain = path_in(place, "plain");
	assert_int_equal(access(plain, F_OK), -1);
}

static void a_key_of_64_digits_is_cut(void **state)
{
	const struct place *place = *state;
	static const char *const pairs[] = { "attestation/protected_files_key",
		HEX32 "ffeeddccbbaa99887766554433221100", NULL };
	write_text(place, "attestation/protected_files_key", "");
	AUTO(drop_files) struct given given = { 0 };
	AUTO(file_plan_free) struct file_plan plan = { 0 };
	struct error err = { 0 };
	give_files(&given, place, pairs);
	assert_success(
		files_plan(&given.parameters, LIBOS_GRAPHENE, place->attestation, &plan, &err),
		err);
	assert_success(files_write(&plan, &err), err);
	check_text(place, "attestation/protected_files_key", HEX32);
}

static void keys_of_another_form_are_refused(void **state)
{
	const struct place *place = *state;
	static const char *const cases[][3] = {
		{ "attestation/protected_files_key", "", "32 hex digits" },
		{ "attestation/protected_files_key", HEX32 "\n", "32 hex digits" },
		{ "attestation/protected_files_key", "0123456789abcdef", "32 hex digits" },
		{ "attestation/protected_files_key", "zz112233445566778899aabbccddeeff",
			"32 hex digits" },
		{ "attestation/protected_files_key", HEX32 "zz112233445566778899aabbccddeeff",
			"32 hex digits" },
		{ "attestation/keys/name", HEX32, "16 bytes" },
		{ "attestation/keys/name", "", "16 bytes" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *const pairs[] = { cases[i][0], cases[i][1], NULL };
		AUTO(drop_files) struct given given = { 0 };
		AUTO(file_plan_free) struct file_plan plan = { 0 };
		struct error err = { 0 };
		give_files(&given, place, pairs);
		assert_failure(files_plan(&given.parameters, LIBOS_GRAPHENE, place->attestation,
				       &plan, &err),
			err, ERROR_INVALID, cases[i][2]);
	}
}

static void where_nothing_protects_files_keys_are_left_out(void **state)
{
	const struct place *place = *state;
	static const char *const pairs[] = { "attestation/protected_files_key", HEX32, "a", "1",
		NULL };
	assert_int_equal(rmdir(place->attestation), 0);
	AUTO(drop_files) struct given given = { 0 };
	AUTO(file_plan_free) struct file_plan plan = { 0 };
	struct error err = { 0 };
	give_files(&given, place, pairs);
	assert_success(
		files_plan(&given.parameters, LIBOS_GRAPHENE, place->attestation, &plan, &err),
		err);
	assert_int_equal(plan.count, 1);
	assert_success(files_write(&plan, &err), err);
	check_text(place, "a", "1");
	assert_int_equal(access(place->attestation, F_OK), -1);
}

static void a_vm_takes_no_keys(void **state)
{
	const struct place *place = *state;
	static const char *const pairs[] = { "a", "1", "attestation/keys/default",
		"0123456789abcdef", NULL };
	AUTO(drop_files) struct given given = { 0 };
	AUTO(file_plan_free) struct file_plan plan = { 0 };
	struct error err = { 0 };
	give_files(&given, place, pairs);
	assert_failure(files_plan(&given.parameters, LIBOS_VM, place->attestation, &plan, &err),
		err, ERROR_INVALID, "keys/default: a confidential VM has no protected files");
	assert_non_null(strstr(hint_for(err.message), "encrypted disk"));
	given.parameters.n_files = 1;
	file_plan_free(&plan);
	assert_success(
		files_plan(&given.parameters, LIBOS_VM, place->attestation, &plan, &err), err);
	assert_int_equal(plan.count, 1);
	given.parameters.n_files = 2;
}

static void of_a_path_given_twice_the_last_content_counts(void **state)
{
	const struct place *place = *state;
	static const char *const pairs[] = { "a", "first", "b", "x", "a", "last", NULL };
	AUTO(drop_files) struct given given = { 0 };
	AUTO(file_plan_free) struct file_plan plan = { 0 };
	struct error err = { 0 };
	give_files(&given, place, pairs);
	assert_success(
		files_plan(&given.parameters, LIBOS_GRAPHENE, place->attestation, &plan, &err),
		err);
	assert_int_equal(plan.count, 2);
	assert_success(files_write(&plan, &err), err);
	check_text(place, "a", "last");
}

static void the_environment_is_filtered_and_extended(void **state)
{
	(void)state;
	char *current[] = { "PATH=/bin", "EDG_MARBLE_TYPE=web", "EDG_X=1", "LD_LIBRARY_PATH=/lib",
		"LD_LIBRARY_PATHS=/lib", "LD_PRELOAD=x", "EDG_NOTHING", "XEDG_=1", NULL };
	Rpc__Parameters__EnvEntry entries[3];
	Rpc__Parameters__EnvEntry *list[3];
	static const char *const given[3][2] = { { "A", "1" }, { "EDG_X", "2" }, { "A", "=3" } };
	Rpc__Parameters parameters = RPC__PARAMETERS__INIT;
	parameters.n_env = 3;
	parameters.env = list;
	for (size_t i = 0; i < 3; i++) {
		rpc__parameters__env_entry__init(&entries[i]);
		entries[i].key = (char *)given[i][0];
		entries[i].value =
			(ProtobufCBinaryData){ strlen(given[i][1]), (uint8_t *)given[i][1] };
		list[i] = &entries[i];
	}
	struct error err = { 0 };
	environment_filter(current);
	char **environment = environment_build(current, &parameters, &err);
	assert_success(environment, err);
	static const char *const expected[] = { "A==3", "EDG_MARBLE_TYPE=web", "EDG_X=2",
		"LD_LIBRARY_PATH=/lib" };
	for (size_t i = 0; i < 4; i++)
		assert_string_equal(environment[i], expected[i]);
	assert_null(environment[4]);
	environment_free(environment);
}

static void the_libos_is_known_by_its_kernel_or_its_files(void **state)
{
	const struct place *place = *state;
	struct utsname system = {
		.sysname = "Linux", .release = "6.1.0", .version = "#1 SMP", .machine = "x86_64"
	};
	AUTO(auto_free) char *reports = path_in(place, "reports");
	enum libos libos;
	struct error err = { 0 };
	assert_success(libos_detect(&system, place->attestation, reports, &libos, &err), err);
	assert_int_equal(libos, LIBOS_NONE);
	assert_int_equal(mkdir(reports, 0755), 0);
	assert_success(libos_detect(&system, place->attestation, reports, &libos, &err), err);
	assert_int_equal(libos, LIBOS_VM);
	assert_string_equal(libos_name(libos), "VM");
	/* empty as before */
	assert_int_equal(rmdir(reports), 0);
	assert_int_equal(mkdir(reports, 0755), 0);
	strcpy(system.release, "3.10.0");
	strcpy(system.version, "1");
	assert_success(libos_detect(&system, place->attestation, reports, &libos, &err), err);
	assert_string_equal(libos_name(libos), "Graphene");
	strcpy(system.release, "5.19.0");
	write_text(place, "attestation/user_report_data", "");
	assert_success(libos_detect(&system, place->attestation, reports, &libos, &err), err);
	assert_string_equal(libos_name(libos), "Graphene");
	write_text(place, "attestation/keys/default", "");
	assert_success(libos_detect(&system, place->attestation, reports, &libos, &err), err);
	assert_string_equal(libos_name(libos), "Gramine");
	strcpy(system.sysname, "Occlum");
	assert_failure(libos_detect(&system, place->attestation, reports, &libos, &err), err,
		ERROR_UNSUPPORTED, "cannot detect libOS: uname says Occlum");
}

static void a_quote_is_bound_to_the_certificate(void **state)
{
	const struct place *place = *state;
	AUTO(identity_free) struct identity identity = { 0 };
	struct error err = { 0 };
	assert_success(identity_create("localhost", &identity, &err), err);
	AUTO(buf_free) struct buf report = { 0 };
	quote_put(LIBOS_GRAPHENE, place->attestation, identity.cert, &report);
	assert_int_equal(report.size, 0);
	write_text(place, "attestation/user_report_data", "");
	write_text(place, "attestation/quote", "a quote");
	quote_put(LIBOS_GRAPHENE, place->attestation, identity.cert, &report);
	struct bytes bare;
	assert_success(report_header_strip(buf_bytes(&report), &bare, &err), err);
	assert_true(bytes_equal(bare, bytes_of_text("a quote")));
	AUTO(buf_free) struct buf der = { 0 };
	AUTO(buf_free) struct buf written = { 0 };
	AUTO(auto_free) char *path = path_in(place, "attestation/user_report_data");
	uint8_t expected[64] = { 0 };
	cert_put_der(identity.cert, &der);
	sha256(der.data, der.size, expected);
	assert_success(file_read(path, 100, &written, &err), err);
	assert_true(bytes_equal(buf_bytes(&written), (struct bytes){ expected, 64 }));
}

static void a_uuid_file_is_made_once(void **state)
{
	const struct place *place = *state;
	AUTO(auto_free) char *path = path_in(place, "uuid");
	char first[UUID_TEXT_SIZE];
	char second[UUID_TEXT_SIZE];
	struct error err = { 0 };
	assert_success(uuid_file_load(path, first, &err), err);
	assert_int_equal(first[14], '4');
	assert_non_null(strchr("89ab", first[19]));
	check_text(place, "uuid", first);
	struct stat info;
	assert_int_equal(stat(path, &info), 0);
	assert_int_equal(info.st_mode & 07777, 0600);
	assert_success(uuid_file_load(path, second, &err), err);
	assert_string_equal(first, second);
	AUTO(auto_free) char *other = path_in(place, "other");
	assert_success(uuid_file_load(other, second, &err), err);
	assert_string_not_equal(first, second);
	write_text(place, "uuid", "00000000-0000-0000-0000-000000000000");
	assert_failure(uuid_file_load(path, first, &err), err, ERROR_INVALID, "the nil UUID");
	assert_failure(
		uuid_file_load(place->folder, first, &err), err, ERROR_INTERNAL, "Is a directory");
}

static void names_that_no_certificate_can_have_are_refused(void **state)
{
	(void)state;
	AUTO(identity_free) struct identity identity = { 0 };
	struct error err = { 0 };
	assert_failure(identity_create("good.example, bad.example", &identity, &err), err,
		ERROR_INVALID, "EDG_MARBLE_DNS_NAMES: \" bad.example\"");
}

static void errors_have_hints_where_they_are_known(void **state)
{
	(void)state;
	assert_non_null(strstr(hint_for("rpc error: code = X desc = unknown marble type requested"),
		"EDG_MARBLE_TYPE"));
	assert_non_null(strstr(hint_for("invalid quote: root CRL expired at 2024-12-31T00:00:00Z: "
					"refresh the collateral in /collateral"),
		"EDG_COORDINATOR_COLLATERAL"));
	assert_non_null(strstr(hint_for("invalid quote: the platform with PPID 00 is none of those "
					"accepted: add it to them if you know this machine"),
		"AcceptedPlatforms"));
	assert_non_null(
		strstr(hint_for("invalid quote: the collateral has TCB evaluation data number "
				"16, at least 17 is demanded"),
			"EDG_COORDINATOR_COLLATERAL"));
	assert_non_null(strstr(hint_for("invalid quote: TCB status SWHardeningNeeded contains "
					"advisories not accepted by configuration: [A]"),
		"AcceptedAdvisories"));
	assert_non_null(
		strstr(hint_for("EDG_MARBLE_COORDINATOR_ERA: era.json: collateral/tcb_info.json"
				": No such file or directory"),
			"as its Collateral a folder"));
	assert_null(hint_for("something else"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			keys_are_written_before_everything_else, setup, teardown),
		cmocka_unit_test_setup_teardown(
			pseudo_files_are_written_but_never_made, setup, teardown),
		cmocka_unit_test_setup_teardown(a_key_of_64_digits_is_cut, setup, teardown),
		cmocka_unit_test_setup_teardown(keys_of_another_form_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(
			where_nothing_protects_files_keys_are_left_out, setup, teardown),
		cmocka_unit_test_setup_teardown(a_vm_takes_no_keys, setup, teardown),
		cmocka_unit_test_setup_teardown(
			of_a_path_given_twice_the_last_content_counts, setup, teardown),
		cmocka_unit_test(the_environment_is_filtered_and_extended),
		cmocka_unit_test_setup_teardown(
			the_libos_is_known_by_its_kernel_or_its_files, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_quote_is_bound_to_the_certificate, setup, teardown),
		cmocka_unit_test_setup_teardown(a_uuid_file_is_made_once, setup, teardown),
		cmocka_unit_test(names_that_no_certificate_can_have_are_refused),
		cmocka_unit_test(errors_have_hints_where_they_are_known),
	};
	log_configure(LOG_OFF, LOG_CONSOLE);
	return cmocka_run_group_tests_name("premain", tests, NULL, NULL);
}
