#include "gateway/store/revision_codec.h"

#include <openssl/evp.h>

#include <array>
#include <memory>
#include <span>
#include <utility>

#include "core/base/hex.h"

namespace sluice::gateway {
namespace {

using config::Json;

std::string Dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

Json Parse(const std::string& text) { return Json::parse(text, nullptr, false); }

class Hasher {
 public:
  Hasher() : context_(EVP_MD_CTX_new()) { EVP_DigestInit_ex2(context_.get(), EVP_sha256(), nullptr); }

  void Add(std::string_view text) {
    const std::string length = std::to_string(text.size()) + ':';
    EVP_DigestUpdate(context_.get(), length.data(), length.size());
    EVP_DigestUpdate(context_.get(), text.data(), text.size());
  }

  std::string Hex() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    EVP_DigestFinal_ex(context_.get(), digest.data(), &size);
    return core::ToHex(std::span(digest).first(size));
  }

 private:
  struct Free {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  std::unique_ptr<EVP_MD_CTX, Free> context_;
};

std::uint64_t Unsigned(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
}

std::string Text(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace

std::string EncodeObject(const LiveObject& object) {
  return Dump({{"body", object.body},
               {"version", object.version},
               {"generation", object.generation},
               {"uid", object.uid},
               {"created", static_cast<std::uint64_t>(object.created_us)},
               {"managed", object.managed_fields}});
}

core::Result<LiveObject> DecodeObject(const config::ResourceKey& key, const std::string& text) {
  Json json = Parse(text);
  if (!json.is_object() || !json.contains("body") || !json["body"].is_object()) {
    return core::Fail(core::ErrorCode::kIo, key.Text() + " in the history is no object",
                      "restore revisions.db from a copy, or move it away to begin anew from the files");
  }
  LiveObject object;
  object.key = key;
  object.body = std::move(json["body"]);
  object.version = Unsigned(json, "version");
  object.generation = Unsigned(json, "generation");
  object.uid = Text(json, "uid");
  object.created_us = static_cast<std::int64_t>(Unsigned(json, "created"));
  if (json.contains("managed")) object.managed_fields = std::move(json["managed"]);
  return object;
}

std::string EncodeLines(const std::vector<std::string>& lines) { return Dump(lines); }

std::vector<std::string> DecodeLines(const std::string& text) {
  std::vector<std::string> lines;
  for (const Json& line : Parse(text)) {
    if (line.is_string()) lines.push_back(line);
  }
  return lines;
}

Json FindingsJson(const std::vector<config::Finding>& findings) {
  Json list = Json::array();
  for (const config::Finding& finding : findings) {
    list.push_back({{"severity", config::SeverityText(finding.severity)},
                    {"code", finding.code},
                    {"message", finding.message},
                    {"cure", finding.cure},
                    {"file", finding.place.file},
                    {"line", finding.place.mark.line},
                    {"column", finding.place.mark.column}});
  }
  return list;
}

std::string EncodeFindings(const std::vector<config::Finding>& findings) { return Dump(FindingsJson(findings)); }

std::vector<config::Finding> DecodeFindings(const std::string& text) {
  std::vector<config::Finding> findings;
  for (const Json& json : Parse(text)) {
    if (!json.is_object()) continue;
    config::Finding finding;
    for (const auto severity : {config::Severity::kInfo, config::Severity::kWarning, config::Severity::kError}) {
      if (Text(json, "severity") == config::SeverityText(severity)) finding.severity = severity;
    }
    finding.code = Text(json, "code");
    finding.message = Text(json, "message");
    finding.cure = Text(json, "cure");
    finding.place.file = Text(json, "file");
    finding.place.mark.line = static_cast<std::uint32_t>(Unsigned(json, "line"));
    finding.place.mark.column = static_cast<std::uint32_t>(Unsigned(json, "column"));
    findings.push_back(std::move(finding));
  }
  return findings;
}

std::string DigestOf(std::string_view text) {
  Hasher hasher;
  hasher.Add(text);
  return hasher.Hex();
}

std::string HashOf(const FileBase& files) {
  Hasher hasher;
  for (const auto& [key, digest] : files) {
    for (const std::string* text : {&key.kind, &key.name_space, &key.name, &digest}) hasher.Add(*text);
  }
  return hasher.Hex();
}

std::string ChainHash(std::string_view previous, const EncodedEntry& entry) {
  Hasher hasher;
  hasher.Add(previous);
  hasher.Add(std::to_string(entry.sequence));
  hasher.Add(std::to_string(entry.number));
  hasher.Add(entry.accepted ? "accepted" : "rejected");
  hasher.Add(std::to_string(entry.time_us));
  for (const std::string* text :
       {&entry.author, &entry.source, &entry.message, &entry.summary, &entry.findings, &entry.files}) {
    hasher.Add(*text);
  }
  hasher.Add(std::to_string(entry.changes.size()));
  for (const EncodedChange& change : entry.changes) {
    for (const std::string* text : {&change.key.kind, &change.key.name_space, &change.key.name, &change.text}) {
      hasher.Add(*text);
    }
    hasher.Add(std::to_string(change.born));
  }
  return hasher.Hex();
}

}  // namespace sluice::gateway
