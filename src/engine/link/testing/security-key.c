// SPDX-License-Identifier: Apache-2.0
//
// A security key for tests, as OpenSSH's PROTOCOL.u2f has it: a SecurityKeyProvider whose ECDSA keys lie in their own
// handles, unencrypted, and that needs no touch. Everything around it is the real thing.
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define SSH_SK_VERSION_MAJOR 0x000a0000
#define SSH_SK_ECDSA 0
#define SSH_SK_ERR_GENERAL (-1)
#define SSH_SK_ERR_UNSUPPORTED (-2)

struct sk_option;
struct sk_resident_key;

struct sk_enroll_response {
	uint8_t flags;
	uint8_t *public_key;
	size_t public_key_len;
	uint8_t *key_handle;
	size_t key_handle_len;
	uint8_t *signature;
	size_t signature_len;
	uint8_t *attestation_cert;
	size_t attestation_cert_len;
	uint8_t *authdata;
	size_t authdata_len;
};

struct sk_sign_response {
	uint8_t flags;
	uint32_t counter;
	uint8_t *sig_r;
	size_t sig_r_len;
	uint8_t *sig_s;
	size_t sig_s_len;
};

uint32_t sk_api_version(void)
{
	return SSH_SK_VERSION_MAJOR;
}

int sk_load_resident_keys(const char *pin, struct sk_option **options, struct sk_resident_key ***keys, size_t *count)
{
	(void)pin;
	(void)options;
	(void)keys;
	(void)count;
	return SSH_SK_ERR_UNSUPPORTED;
}

static uint8_t *number(const BIGNUM *value, size_t *length)
{
	uint8_t *bytes;

	*length = BN_num_bytes(value);
	bytes = calloc(1, *length);
	if (bytes != NULL)
		BN_bn2bin(value, bytes);
	return bytes;
}

int sk_enroll(uint32_t alg, const uint8_t *challenge, size_t challenge_len, const char *application, uint8_t flags,
	      const char *pin, struct sk_option **options, struct sk_enroll_response **answer)
{
	struct sk_enroll_response *made = calloc(1, sizeof(*made));
	EVP_PKEY *key = EVP_EC_gen("P-256");
	BIO *pem = BIO_new(BIO_s_mem());
	size_t length = 0;
	char *text;
	long text_len;

	(void)challenge;
	(void)challenge_len;
	(void)application;
	(void)pin;
	(void)options;
	if (alg != SSH_SK_ECDSA || made == NULL || key == NULL || pem == NULL)
		return SSH_SK_ERR_UNSUPPORTED;
	EVP_PKEY_get_octet_string_param(key, "pub", NULL, 0, &length);
	made->public_key = calloc(1, length);
	EVP_PKEY_get_octet_string_param(key, "pub", made->public_key, length, &made->public_key_len);
	PEM_write_bio_PrivateKey(pem, key, NULL, NULL, 0, NULL, NULL);
	text_len = BIO_get_mem_data(pem, &text);
	made->key_handle = malloc(text_len);
	memcpy(made->key_handle, text, text_len);
	made->key_handle_len = text_len;
	made->signature = calloc(1, 1);
	made->attestation_cert = calloc(1, 1);
	made->authdata = calloc(1, 1);
	made->flags = flags;
	*answer = made;
	EVP_PKEY_free(key);
	BIO_free(pem);
	return 0;
}

int sk_sign(uint32_t alg, const uint8_t *data, size_t data_len, const char *application, const uint8_t *handle,
	    size_t handle_len, uint8_t flags, const char *pin, struct sk_option **options,
	    struct sk_sign_response **answer)
{
	struct sk_sign_response *made = calloc(1, sizeof(*made));
	BIO *pem = BIO_new_mem_buf(handle, (int)handle_len);
	EVP_PKEY *key = PEM_read_bio_PrivateKey(pem, NULL, NULL, NULL);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	// The hash of the application, flags, a counter, the hash of what is signed.
	uint8_t message[SHA256_DIGEST_LENGTH + 1 + 4 + SHA256_DIGEST_LENGTH];
	uint8_t der[256];
	const uint8_t *cursor = der;
	size_t der_len = sizeof(der);
	ECDSA_SIG *signature;

	(void)pin;
	(void)options;
	if (alg != SSH_SK_ECDSA || made == NULL || key == NULL || context == NULL)
		return SSH_SK_ERR_GENERAL;
	made->flags = flags;
	made->counter = 1;
	SHA256((const uint8_t *)application, strlen(application), message);
	message[SHA256_DIGEST_LENGTH] = flags;
	memcpy(message + SHA256_DIGEST_LENGTH + 1, "\0\0\0\1", 4);
	SHA256(data, data_len, message + SHA256_DIGEST_LENGTH + 5);
	if (EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) != 1 ||
	    EVP_DigestSign(context, der, &der_len, message, sizeof(message)) != 1)
		return SSH_SK_ERR_GENERAL;
	signature = d2i_ECDSA_SIG(NULL, &cursor, (long)der_len);
	made->sig_r = number(ECDSA_SIG_get0_r(signature), &made->sig_r_len);
	made->sig_s = number(ECDSA_SIG_get0_s(signature), &made->sig_s_len);
	*answer = made;
	ECDSA_SIG_free(signature);
	EVP_MD_CTX_free(context);
	EVP_PKEY_free(key);
	BIO_free(pem);
	return 0;
}
