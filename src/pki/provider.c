/* A provider that hands on OpenSSL's default one, without the key types that nobody uses here. */
#include "pki/provider.h"

#include <openssl/core_dispatch.h>
#include <openssl/provider.h>
#include <string.h>

#include "pki/openssl.h"

enum { KEPT_MOST = 64 };

static OSSL_LIB_CTX *inner; /* the default provider lives in a library context of its own */
static OSSL_PROVIDER *standard;
static OSSL_ALGORITHM decoders[KEPT_MOST], key_types[KEPT_MOST];

/* "EC:id-ecPublicKey:1.2.840.10045.2.1" is EC. */
static bool is_named(const OSSL_ALGORITHM *algorithm, const char *const *names)
{
    size_t n = strcspn(algorithm->algorithm_names, ":");
    for (; *names != NULL; names++)
        if (strlen(*names) == n && strncmp(algorithm->algorithm_names, *names, n) == 0)
            return true;
    return false;
}

/* Private and public keys in DER, encrypted PKCS #8, and PEM around them. */
static bool is_used_decoder(const OSSL_ALGORITHM *a)
{
    static const char *const used[] = { "EC", "RSA", "ED25519", "DER", NULL };
    const char *input = a->property_definition;
    return is_named(a, used) && (strstr(input, "input=der") != NULL || strstr(input, "input=pem") != NULL);
}

static bool is_used_key_type(const OSSL_ALGORITHM *a)
{
    static const char *const used[] = { "EC", "RSA", "ED25519", "X25519", "HMAC", NULL };
    return is_named(a, used);
}

/* Those of `all` that are used; `all` itself when there are more than there is room for. */
static const OSSL_ALGORITHM *keep(const OSSL_ALGORITHM *all, bool (*is_used)(const OSSL_ALGORITHM *), OSSL_ALGORITHM *to)
{
    size_t n = 0;
    for (const OSSL_ALGORITHM *a = all; a != NULL && a->algorithm_names != NULL; a++) {
        if (!is_used(a))
            continue;
        if (n == KEPT_MOST - 1)
            return all;
        to[n++] = *a;
    }
    to[n] = (OSSL_ALGORITHM){ .algorithm_names = NULL };
    return to;
}

static const OSSL_ALGORITHM *query(void *context, int operation, int *no_cache)
{
    (void)context;
    const OSSL_ALGORITHM *all = OSSL_PROVIDER_query_operation(standard, operation, no_cache);
    if (operation == OSSL_OP_DECODER)
        return keep(all, is_used_decoder, decoders);
    return operation == OSSL_OP_KEYMGMT ? keep(all, is_used_key_type, key_types) : all;
}

static void unquery(void *context, int operation, const OSSL_ALGORITHM *algorithms)
{
    (void)context;
    OSSL_PROVIDER_unquery_operation(standard, operation, algorithms);
}

static int get_capabilities(void *context, const char *capability, OSSL_CALLBACK *callback, void *arg)
{
    (void)context;
    return OSSL_PROVIDER_get_capabilities(standard, capability, callback, arg);
}

static const OSSL_PARAM *gettable_params(void *context)
{
    (void)context;
    return OSSL_PROVIDER_gettable_params(standard);
}

static int get_params(void *context, OSSL_PARAM params[])
{
    (void)context;
    return OSSL_PROVIDER_get_params(standard, params);
}

static void tear_down(void *context)
{
    (void)context;
    OSSL_PROVIDER_unload(standard);
    OSSL_LIB_CTX_free(inner);
    standard = NULL;
    inner = NULL;
}

typedef void (*any_fn)(void);
static const OSSL_DISPATCH functions[] = {
    { OSSL_FUNC_PROVIDER_TEARDOWN, (any_fn)tear_down },
    { OSSL_FUNC_PROVIDER_GETTABLE_PARAMS, (any_fn)gettable_params },
    { OSSL_FUNC_PROVIDER_GET_PARAMS, (any_fn)get_params },
    { OSSL_FUNC_PROVIDER_QUERY_OPERATION, (any_fn)query },
    { OSSL_FUNC_PROVIDER_UNQUERY_OPERATION, (any_fn)unquery },
    { OSSL_FUNC_PROVIDER_GET_CAPABILITIES, (any_fn)get_capabilities },
    { 0, NULL },
};

static int init(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in, const OSSL_DISPATCH **ret_functions, void **ret_context)
{
    (void)handle, (void)in;
    inner = OSSL_LIB_CTX_new();
    standard = inner == NULL ? NULL : OSSL_PROVIDER_load(inner, "default");
    if (standard == NULL) {
        OSSL_LIB_CTX_free(inner);
        inner = NULL;
        return 0;
    }
    *ret_context = OSSL_PROVIDER_get0_provider_ctx(standard);
    *ret_functions = functions;
    return 1;
}

enum err provider_start(struct why *why)
{
    static OSSL_PROVIDER *loaded; /* until the process ends: threads may still use it while exit() runs */
    if (OSSL_PROVIDER_add_builtin(NULL, "nameplate", init) == 1)
        loaded = OSSL_PROVIDER_load(NULL, "nameplate");
    return loaded != NULL ? OK : openssl_fail(why, ERR_BUG, "OpenSSL does not start");
}
