/* SPDX-License-Identifier: Apache-2.0 */
/* However much a verifier remembers, it notices what changes (spec dcap.md clause 7). */
#include "unit.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/memory.h"
#include "dcap/quote_signer_cache.h"
#include "dcap_pki.h"

#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

/* A platform and one verifier, used again and again. */
struct fixture {
	struct pki pki;
	struct buf quote;
	struct dcap_verifier *verifier;
};

static int make(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	pki_make(&f->pki);
	pki_write(&f->pki);
	pki_put_quote(&f->pki, &f->quote);
	f->verifier = pki_verifier(&f->pki);
	*state = f;
	return 0;
}

static int drop(void **state)
{
	struct fixture *f = *state;
	dcap_verifier_free(f->verifier);
	buf_free(&f->quote);
	pki_free(&f->pki);
	free(f);
	return 0;
}

static void assert_status_at(const struct fixture *f, int64_t now, enum tcb_status expected)
{
	AUTO(dcap_result_free) struct dcap_result result = { 0 };
	struct error err = { 0 };
	assert_success(dcap_verify(f->verifier, buf_bytes(&f->quote), now, &result, &err), err);
	assert_string_equal(tcb_status_name(result.status), tcb_status_name(expected));
}

static void assert_refused_at(
	const struct fixture *f, int64_t now, enum error_kind kind, const char *message)
{
	AUTO(dcap_result_free) struct dcap_result result = { 0 };
	struct error err = { 0 };
	assert_failure(dcap_verify(f->verifier, buf_bytes(&f->quote), now, &result, &err), err,
		kind, message);
}

static void write_pck_crl(struct fixture *f, const X509 *revoked)
{
	AUTO(buf_free) struct buf crl = { 0 };
	issue_crl(&crl, &(struct crl_fields){
				.issuer = f->pki.ca, .key = f->pki.ca_key, .revoked = revoked });
	pki_write_file(&f->pki, "pck.crl", buf_bytes(&crl));
}

static void a_known_platform_that_is_revoked_is_refused_at_once(void **state)
{
	struct fixture *f = *state;
	for (int i = 0; i < 2; i++) { /* with young files, and with files that were settled */
		assert_status_at(f, PKI_NOW, TCB_UP_TO_DATE);
		assert_status_at(f, PKI_NOW, TCB_UP_TO_DATE);
		write_pck_crl(f, f->pki.pck);
		assert_refused_at(f, PKI_NOW, ERROR_DENIED, "is revoked");
		assert_refused_at(f, PKI_NOW, ERROR_DENIED, "is revoked");
		write_pck_crl(f, NULL);
		assert_status_at(f, PKI_NOW, TCB_UP_TO_DATE);
		pki_make_old(&f->pki);
	}
}

static void new_tcb_info_counts_at_once(void **state)
{
	struct fixture *f = *state;
	assert_status_at(f, PKI_NOW, TCB_UP_TO_DATE);
	pki_make_old(&f->pki);
	assert_status_at(f, PKI_NOW, TCB_UP_TO_DATE);
	replace_once(&f->pki.tcb_info, "\"UpToDate\"", "\"OutOfDate\"");
	pki_write(&f->pki);
	assert_status_at(f, PKI_NOW, TCB_OUT_OF_DATE);
}

static void what_is_known_still_has_its_time(void **state)
{
	struct fixture *f = *state;
	pki_make_old(&f->pki);
	assert_status_at(f, PKI_NOW, TCB_UP_TO_DATE);
	assert_status_at(f, PKI_NOW + PKI_DAY, TCB_UP_TO_DATE);
	assert_refused_at(f, PKI_NOW + PKI_DAY + 1, ERROR_DENIED, "expired at");
	assert_refused_at(f, PKI_NOW - PKI_DAY - 1, ERROR_DENIED, "is not valid before");
	assert_status_at(f, PKI_NOW, TCB_UP_TO_DATE);
}

static void a_known_certificate_expires_like_any_other(void **state)
{
	struct fixture *f = *state;
	AUTO(buf_free) struct buf extension = { 0 };
	issue_sgx_extension(&extension, &f->pki.platform);
	struct certificate_fields fields = pki_pck_fields(&f->pki, &extension);
	fields.end = PKI_NOW; /* before the collateral */
	AUTO(auto_x509) X509 *pck = issue_certificate(&fields);
	pki_set_chain(&f->pki, pck, f->pki.ca, f->pki.root, (X509 *)NULL);
	buf_clear(&f->quote);
	pki_put_quote(&f->pki, &f->quote);
	assert_status_at(f, PKI_NOW, TCB_UP_TO_DATE);
	assert_refused_at(f, PKI_NOW + 1, ERROR_DENIED, "Intel SGX PCK Certificate expired at");
}

/*
 * Two states of a file that are written within one step of the file system's clock look the same:
 * same inode, size and times.
 */
static void a_file_that_changes_twice_at_once_is_read_twice(void **state)
{
	struct fixture *f = *state;
	AUTO(buf_free) struct buf first = { 0 };
	AUTO(buf_free) struct buf second = { 0 };
	issue_document(&first, "tcbInfo", buf_bytes(&f->pki.tcb_info), f->pki.signing_key);
	replace_once(&f->pki.tcb_info, ":17", ":16");
	issue_document(&second, "tcbInfo", buf_bytes(&f->pki.tcb_info), f->pki.signing_key);
	assert_int_equal(first.size, second.size);
	for (int i = 0; i < 20; i++) {
		AUTO(dcap_result_free) struct dcap_result result = { 0 };
		struct error err = { 0 };
		pki_write_file(&f->pki, "tcb_info.json", buf_bytes(i % 2 ? &first : &second));
		assert_success(
			dcap_verify(f->verifier, buf_bytes(&f->quote), PKI_NOW, &result, &err),
			err);
		assert_int_equal(result.tcb_evaluation_number, i % 2 ? 17 : 16);
	}
}

static void a_known_platform_does_not_vouch_for_changed_quotes(void **state)
{
	struct fixture *f = *state;
	assert_status_at(f, PKI_NOW, TCB_UP_TO_DATE);
	size_t key = SGX_QUOTE_SIGNED_SIZE + 4 + P256_RAW_SIZE;
	const size_t changed[] = { 8, 48 + 320, SGX_QUOTE_SIGNED_SIZE + 4, key, key + 64, key + 448,
		key + 514, f->quote.size - 2 };
	for (size_t i = 0; i < sizeof(changed) / sizeof(changed[0]); i++) {
		AUTO(dcap_result_free) struct dcap_result result = { 0 };
		f->quote.data[changed[i]] ^= 1;
		assert_false(
			dcap_verify(f->verifier, buf_bytes(&f->quote), PKI_NOW, &result, NULL));
		f->quote.data[changed[i]] ^= 1;
	}
	assert_status_at(f, PKI_NOW, TCB_UP_TO_DATE);
}

static void collateral_that_is_not_there_is_named(void **state)
{
	struct fixture *f = *state;
	assert_status_at(f, PKI_NOW, TCB_UP_TO_DATE);
	AUTO(auto_free) char *path = xasprintf("%s/pck.crl", f->pki.folder);
	AUTO(auto_free)
	char *message = xasprintf(
		"no collateral for a platform with FMSPC 00ff00000001, which Intel's PCS or a PCCS has: cannot read %s",
		path);
	assert_int_equal(unlink(path), 0);
	assert_refused_at(f, PKI_NOW, ERROR_NOT_FOUND, message); /* not "not revoked" */
	write_pck_crl(f, NULL);
	assert_status_at(f, PKI_NOW, TCB_UP_TO_DATE);
}

static void a_folder_per_fmspc_is_preferred(void **state)
{
	struct fixture *f = *state;
	AUTO(auto_free) char *path = xasprintf("%s/00ff00000001", f->pki.folder);
	assert_int_equal(mkdir(path, 0755), 0);
	assert_refused_at(f, PKI_NOW, ERROR_NOT_FOUND, "00ff00000001/tcb_info.json");
	/* the same collateral there, where the level of the platform has got another status */
	struct pki inner = f->pki;
	snprintf(inner.folder, sizeof(inner.folder), "%s", path);
	replace_once(&f->pki.tcb_info, "\"UpToDate\"", "\"OutOfDate\"");
	inner.tcb_info = f->pki.tcb_info;
	pki_write(&inner);
	assert_status_at(f, PKI_NOW, TCB_OUT_OF_DATE);
}

/* A verifier that does not look at its files for an hour. */
static void trust_files(struct fixture *f)
{
	AUTO(auto_free) char *root = xasprintf("%s/root.pem", f->pki.folder);
	const struct dcap_verifier_config config = {
		.collateral_folder = f->pki.folder, .trust_root_file = root, .look_again = 3600000
	};
	struct error err = { 0 };
	dcap_verifier_free(f->verifier);
	f->verifier = dcap_verifier_new(&config, &err);
	assert_success(f->verifier != NULL, err);
}

static void replace_pck_crl(const struct fixture *f, const char *folder, const X509 *revoked)
{
	AUTO(buf_free) struct buf crl = { 0 };
	AUTO(auto_free) char *path = xasprintf("%s/pck.crl", folder);
	issue_crl(&crl, &(struct crl_fields){
				.issuer = f->pki.ca, .key = f->pki.ca_key, .revoked = revoked });
	assert_true(file_replace(path, crl.data, crl.size, 0644, NULL));
}

static void a_file_that_is_replaced_counts_without_looking_at_the_others(void **state)
{
	struct fixture *f = *state;
	trust_files(f);
	for (int i = 0; i < 2; i++) {
		pki_make_old(&f->pki);
		assert_status_at(f, PKI_NOW, TCB_UP_TO_DATE);
		/* in place, which the folder does not tell */
		write_pck_crl(f, f->pki.pck);
		assert_status_at(f, PKI_NOW, TCB_UP_TO_DATE);
		replace_pck_crl(f, f->pki.folder, f->pki.pck);
		assert_refused_at(f, PKI_NOW, ERROR_DENIED, "is revoked");
		replace_pck_crl(f, f->pki.folder, NULL);
		assert_status_at(f, PKI_NOW, TCB_UP_TO_DATE);
	}
}

static void a_folder_that_is_young_is_looked_into(void **state)
{
	struct fixture *f = *state;
	trust_files(f);
	assert_status_at(f, PKI_NOW, TCB_UP_TO_DATE);
	write_pck_crl(f, f->pki.pck);
	assert_refused_at(f, PKI_NOW, ERROR_DENIED, "is revoked");
}

static void files_in_a_folder_of_their_own_count_when_replaced(void **state)
{
	struct fixture *f = *state;
	AUTO(auto_free) char *path = xasprintf("%s/00ff00000001", f->pki.folder);
	struct pki inner = f->pki;
	assert_int_equal(mkdir(path, 0755), 0);
	snprintf(inner.folder, sizeof(inner.folder), "%s", path);
	pki_write(&inner);
	trust_files(f);
	pki_make_old(&f->pki);
	pki_make_old(&inner);
	assert_status_at(f, PKI_NOW, TCB_UP_TO_DATE);
	write_pck_crl(f, f->pki.pck); /* of the outer folder, which does not count */
	assert_status_at(f, PKI_NOW, TCB_UP_TO_DATE);
	replace_pck_crl(f, path, f->pki.pck);
	assert_refused_at(f, PKI_NOW, ERROR_DENIED, "is revoked");
}

enum { THREADS = 4, ROUNDS = 50 };

static void *verify_often(void *argument)
{
	const struct fixture *f = argument;
	size_t good = 0;
	for (int i = 0; i < ROUNDS; i++) {
		AUTO(dcap_result_free) struct dcap_result result = { 0 };
		good += dcap_verify(f->verifier, buf_bytes(&f->quote), PKI_NOW, &result, NULL);
	}
	return (void *)good; /* NOLINT(performance-no-int-to-ptr) */
}

static void threads_share_a_verifier(void **state)
{
	struct fixture *f = *state;
	pthread_t threads[THREADS];
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, verify_often, f), 0);
	/* another valid CRL again and again, each put in place as a whole */
	AUTO(auto_free) char *path = xasprintf("%s/pck.crl", f->pki.folder);
	for (int i = 0; i < ROUNDS; i++) {
		AUTO(buf_free) struct buf crl = { 0 };
		issue_crl(&crl, &(struct crl_fields){ .issuer = f->pki.ca, .key = f->pki.ca_key });
		assert_true(file_replace(path, crl.data, crl.size, 0644, NULL));
	}
	for (size_t i = 0; i < THREADS; i++) {
		void *good;
		assert_int_equal(pthread_join(threads[i], &good), 0);
		assert_int_equal((size_t)good, ROUNDS);
	}
}

static void the_cache_keeps_what_is_used_and_stays_small(void **state)
{
	(void)state;
	struct quote_signer_cache *cache = quote_signer_cache_new();
	uint8_t used[SHA256_SIZE] = { 0 };
	struct quote_signer *signer = xcalloc(1, sizeof(*signer));
	signer->references = 1;
	quote_signer_cache_put(cache, used, signer);
	for (uint32_t i = 1; i < 1000; i++) {
		uint8_t hash[SHA256_SIZE] = { 0 };
		memcpy(hash + 4, &i, sizeof(i));
		struct quote_signer *other = xcalloc(1, sizeof(*other));
		other->references = 1;
		quote_signer_cache_put(cache, hash, other);
		quote_signer_release(other);
		struct quote_signer *found = quote_signer_cache_get(cache, used);
		assert_ptr_equal(found, signer);
		quote_signer_release(found);
	}
	uint8_t old[SHA256_SIZE] = { [4] = 1 };
	assert_null(quote_signer_cache_get(cache, old));
	quote_signer_release(signer);
	quote_signer_cache_free(cache);
}

#define test_with_verifier(test) cmocka_unit_test_setup_teardown(test, make, drop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test_with_verifier(a_known_platform_that_is_revoked_is_refused_at_once),
		test_with_verifier(new_tcb_info_counts_at_once),
		test_with_verifier(what_is_known_still_has_its_time),
		test_with_verifier(a_known_certificate_expires_like_any_other),
		test_with_verifier(a_file_that_changes_twice_at_once_is_read_twice),
		test_with_verifier(a_known_platform_does_not_vouch_for_changed_quotes),
		test_with_verifier(collateral_that_is_not_there_is_named),
		test_with_verifier(a_folder_per_fmspc_is_preferred),
		test_with_verifier(a_file_that_is_replaced_counts_without_looking_at_the_others),
		test_with_verifier(a_folder_that_is_young_is_looked_into),
		test_with_verifier(files_in_a_folder_of_their_own_count_when_replaced),
		test_with_verifier(threads_share_a_verifier),
		cmocka_unit_test(the_cache_keeps_what_is_used_and_stays_small),
	};
	return cmocka_run_group_tests_name("dcap cache", tests, NULL, NULL);
}
