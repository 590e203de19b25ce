#include "tls/credentials.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <optional>

#include "tls/openssl_error.h"
#include "tls/peer_certificate.h"

namespace sluice::tls {
namespace {

using core::ErrorCode;

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

// Opening a pipe would wait for somebody to write into it: not with O_NONBLOCK, which means nothing to files.
std::FILE* OpenFile(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) return nullptr;
  std::FILE* const file = ::fdopen(descriptor, "rb");
  if (file == nullptr) ::close(descriptor);
  return file;
}

core::Result<std::string> ReadFile(const std::string& path) {
  const std::unique_ptr<std::FILE, CloseFile> file(OpenFile(path));
  if (file == nullptr) {
    return core::Fail(ErrorCode::kIo, path + ": " + std::strerror(errno), "make the file readable for the gateway");
  }
  struct stat info{};
  if (::fstat(::fileno(file.get()), &info) != 0 || !S_ISREG(info.st_mode)) {
    return core::Fail(ErrorCode::kIo, path + ": not a file");
  }
  std::string text(kPemBytesMax + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  if (std::ferror(file.get()) != 0) return core::Fail(ErrorCode::kIo, path + ": " + std::strerror(errno));
  if (text.size() > kPemBytesMax) return core::Fail(ErrorCode::kLimitExceeded, path + ": larger than 4 MiB");
  return text;
}

core::Result<BioPtr> OpenPem(const std::string& path) {
  auto text = ReadFile(path);
  if (!text) return std::unexpected(text.error());
  // A copy into OpenSSL's own memory: the text ends with this function.
  BioPtr bio(BIO_new(BIO_s_mem()));
  if (bio == nullptr || BIO_write(bio.get(), text->data(), static_cast<int>(text->size())) < 0) {
    return core::Fail(ErrorCode::kInternal, path + ": out of memory");
  }
  return bio;
}

// Encrypted keys are for people at a keyboard.
int NoPassphrase(char*, int, int, void*) { return -1; }

// Whether the last PEM read failed only because there was no further one.
bool EndOfPem() {
  const unsigned long error = ERR_peek_last_error();
  return ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
}

core::Result<std::vector<X509Ptr>> ReadCertificates(const std::string& path, std::size_t max) {
  auto bio = OpenPem(path);
  if (!bio) return std::unexpected(bio.error());
  ERR_clear_error();
  std::vector<X509Ptr> certificates;
  while (X509* next = PEM_read_bio_X509(bio->get(), nullptr, NoPassphrase, nullptr)) {
    certificates.emplace_back(next);
    if (certificates.size() > max) {
      return core::Fail(ErrorCode::kLimitExceeded, path + ": more than " + std::to_string(max) + " certificates");
    }
  }
  const bool clean = EndOfPem();
  const std::string text = TakeErrorText();
  if (!clean) return core::Fail(ErrorCode::kInvalidArgument, path + ": a certificate cannot be read: " + text);
  if (certificates.empty()) {
    return core::Fail(ErrorCode::kInvalidArgument, path + ": holds no certificate",
                      "write PEM, beginning with -----BEGIN CERTIFICATE-----");
  }
  return certificates;
}

core::Result<EvpPkeyPtr> ReadKey(const std::string& path) {
  auto bio = OpenPem(path);
  if (!bio) return std::unexpected(bio.error());
  ERR_clear_error();
  EvpPkeyPtr key(PEM_read_bio_PrivateKey(bio->get(), nullptr, NoPassphrase, nullptr));
  const std::string text = TakeErrorText();
  if (key == nullptr) {
    return core::Fail(ErrorCode::kInvalidArgument, path + ": holds no private key that can be read: " + text,
                      "write an unencrypted PEM key");
  }
  return key;
}

void WarnIfOpen(const std::string& path, std::vector<std::string>& warnings) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0 || (info.st_mode & S_IRWXO) == 0) return;
  warnings.push_back(path + ": every user of this machine may read the private key; chmod 600");
}

core::Result<KeyPair> LoadPair(const core::TlsKeyPair& files, std::vector<std::string>& warnings) {
  auto certificates = ReadCertificates(files.certificate, kChainMax);
  if (!certificates) return std::unexpected(certificates.error());
  auto key = ReadKey(files.private_key);
  if (!key) return std::unexpected(key.error());
  WarnIfOpen(files.private_key, warnings);
  KeyPair pair;
  pair.leaf = std::move(certificates->front());
  std::move(certificates->begin() + 1, certificates->end(), std::back_inserter(pair.chain));
  pair.key = std::move(*key);
  const bool matches = X509_check_private_key(pair.leaf.get(), pair.key.get()) == 1;
  ERR_clear_error();
  if (!matches) {
    return core::Fail(ErrorCode::kInvalidArgument,
                      files.private_key + ": is not the key of the certificate in " + files.certificate,
                      "replace both files together");
  }
  return pair;
}

core::Status CheckDates(const KeyPair& pair, const std::string& path, std::int64_t now,
                        std::vector<std::string>& warnings) {
  if (UnixTime(*X509_get0_notAfter(pair.leaf.get())) < now) {
    return core::Fail(ErrorCode::kInvalidArgument, path + ": the certificate has expired", "renew it");
  }
  if (UnixTime(*X509_get0_notBefore(pair.leaf.get())) > now) {
    warnings.push_back(path + ": the certificate is not valid yet");
  }
  return {};
}

core::Status LoadPairs(const std::vector<core::TlsKeyPair>& files, std::int64_t now, Credentials& into) {
  for (const core::TlsKeyPair& names : files) {
    auto pair = LoadPair(names, into.warnings);
    if (!pair) return std::unexpected(pair.error());
    if (core::Status valid = CheckDates(*pair, names.certificate, now, into.warnings); !valid) return valid;
    const std::int64_t end = UnixTime(*X509_get0_notAfter(pair->leaf.get()));
    into.not_after = into.not_after == 0 ? end : std::min(into.not_after, end);
    if (into.pairs.empty()) {
      into.serial = SerialText(*pair->leaf);
      if (const auto identity = ReadIdentity(*pair->leaf)) into.principal = identity->spiffe.text;
    }
    into.pairs.push_back(std::move(*pair));
  }
  return {};
}

core::Status AddRevocations(const std::string& path, X509_STORE& store) {
  auto bio = OpenPem(path);
  if (!bio) return std::unexpected(bio.error());
  ERR_clear_error();
  std::size_t count = 0;
  while (X509_CRL* next = PEM_read_bio_X509_CRL(bio->get(), nullptr, NoPassphrase, nullptr)) {
    const X509CrlPtr crl(next);
    if (X509_STORE_add_crl(&store, crl.get()) != 1) break;
    ++count;
  }
  const bool clean = EndOfPem();
  const std::string text = TakeErrorText();
  if (!clean || count == 0) {
    return core::Fail(ErrorCode::kInvalidArgument,
                      path + ": holds no list of revoked certificates that can be read: " + text,
                      "write PEM, beginning with -----BEGIN X509 CRL-----");
  }
  X509_STORE_set_flags(&store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
  return {};
}

core::Status LoadTrust(const std::string& ca, const std::string& crl, Credentials& into) {
  constexpr std::size_t kBundleMax = 10'000;
  auto certificates = ReadCertificates(ca, kBundleMax);
  if (!certificates) return std::unexpected(certificates.error());
  into.trust.reset(X509_STORE_new());
  into.authorities.reset(sk_X509_NAME_new_null());
  if (into.trust == nullptr || into.authorities == nullptr) return core::Fail(ErrorCode::kInternal, "out of memory");
  for (const X509Ptr& certificate : *certificates) {
    X509NamePtr name(X509_NAME_dup(X509_get_subject_name(certificate.get())));
    if (X509_STORE_add_cert(into.trust.get(), certificate.get()) != 1 || name == nullptr ||
        sk_X509_NAME_push(into.authorities.get(), name.get()) == 0) {
      return core::Fail(ErrorCode::kInvalidArgument, ca + ": " + TakeErrorText());
    }
    name.release();  // the stack's now
  }
  if (crl.empty()) return {};
  return AddRevocations(crl, *into.trust);
}

core::Status LoadSystemTrust(Credentials& into) {
  into.trust.reset(X509_STORE_new());
  if (into.trust == nullptr || X509_STORE_set_default_paths(into.trust.get()) != 1) {
    return core::Fail(ErrorCode::kIo, "the system's trust store cannot be opened: " + TakeErrorText(),
                      "name the authority of the models: caCertificates");
  }
  return {};
}

// A list that a credential may have and need not.
std::string Present(const std::string& path, bool optional) {
  struct stat info{};
  return optional && ::stat(path.c_str(), &info) != 0 ? std::string() : path;
}

}  // namespace

core::Result<Credentials> LoadServer(const core::ServerTlsPolicy& policy, std::int64_t unix_seconds) {
  Credentials credentials;
  if (core::Status loaded = LoadPairs(policy.certificates, unix_seconds, credentials); !loaded) {
    return std::unexpected(loaded.error());
  }
  if (policy.client == core::ServerTlsPolicy::ClientCertificate::kNone) return credentials;
  const std::string crl = Present(policy.crl, policy.crl_optional);
  if (core::Status loaded = LoadTrust(policy.ca, crl, credentials); !loaded) return std::unexpected(loaded.error());
  return credentials;
}

core::Result<Credentials> LoadClient(const core::ClientTlsPolicy& policy, std::int64_t unix_seconds) {
  Credentials credentials;
  if (policy.certificate) {
    if (core::Status loaded = LoadPairs({*policy.certificate}, unix_seconds, credentials); !loaded) {
      return std::unexpected(loaded.error());
    }
  }
  if (!policy.verify) return credentials;
  const std::string crl = Present(policy.crl, policy.crl_optional);
  const core::Status loaded = policy.ca.empty() ? LoadSystemTrust(credentials) : LoadTrust(policy.ca, crl, credentials);
  if (!loaded) return std::unexpected(loaded.error());
  return credentials;
}

namespace {

std::vector<std::string> Files(const std::vector<core::TlsKeyPair>& pairs, const std::string& ca,
                               const std::string& crl) {
  std::vector<std::string> files;
  for (const core::TlsKeyPair& pair : pairs) {
    files.push_back(pair.certificate);
    files.push_back(pair.private_key);
  }
  for (const std::string& file : {ca, crl}) {
    if (!file.empty()) files.push_back(file);
  }
  return files;
}

}  // namespace

std::vector<std::string> FilesOf(const core::ServerTlsPolicy& policy) {
  return Files(policy.certificates, policy.ca, policy.crl);
}

std::vector<std::string> FilesOf(const core::ClientTlsPolicy& policy) {
  return Files(policy.certificate ? std::vector{*policy.certificate} : std::vector<core::TlsKeyPair>(), policy.ca,
               policy.crl);
}

}  // namespace sluice::tls
