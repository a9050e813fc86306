/* What common/token.h needs of OpenSSL's header, so that the proofs need no OpenSSL. */
typedef struct evp_pkey_st EVP_PKEY;
