#include "gateway/explain/curl_line.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <vector>

#include "core/base/text.h"
#include "gateway/explain/sample_json.h"

namespace sluice::gateway {
namespace {

using core::ErrorCode;
using core::Fail;
using core::Result;
using core::Status;

enum class Effect : std::uint8_t {
  kNone,
  kNoneWithValue,
  kMethod,
  kHeader,
  kCookie,
  kUserAgent,
  kReferer,
  kUser,
  kData,
  kJson,
  kForm,
  kUpload,
  kHead,
  kGet,
  kUrl,
  kUrlQuery,
};

struct Option {
  char letter;  // 0: none
  std::string_view name;
  Effect effect;
};

constexpr Option kOptions[] = {
    {'X', "request", Effect::kMethod},
    {'H', "header", Effect::kHeader},
    {'b', "cookie", Effect::kCookie},
    {'A', "user-agent", Effect::kUserAgent},
    {'e', "referer", Effect::kReferer},
    {'u', "user", Effect::kUser},
    {'d', "data", Effect::kData},
    {0, "data-raw", Effect::kData},
    {0, "data-ascii", Effect::kData},
    {0, "data-binary", Effect::kData},
    {0, "data-urlencode", Effect::kData},
    {0, "json", Effect::kJson},
    {'F', "form", Effect::kForm},
    {'T', "upload-file", Effect::kUpload},
    {'I', "head", Effect::kHead},
    {'G', "get", Effect::kGet},
    {0, "url", Effect::kUrl},
    {0, "url-query", Effect::kUrlQuery},
    {'k', "insecure", Effect::kNone},
    {'s', "silent", Effect::kNone},
    {'S', "show-error", Effect::kNone},
    {'v', "verbose", Effect::kNone},
    {'i', "include", Effect::kNone},
    {'f', "fail", Effect::kNone},
    {0, "fail-with-body", Effect::kNone},
    {'L', "location", Effect::kNone},
    {'N', "no-buffer", Effect::kNone},
    {'g', "globoff", Effect::kNone},
    {'O', "remote-name", Effect::kNone},
    {'#', "progress-bar", Effect::kNone},
    {'0', "http1.0", Effect::kNone},
    {'4', "ipv4", Effect::kNone},
    {'6', "ipv6", Effect::kNone},
    {0, "compressed", Effect::kNone},
    {0, "http1.1", Effect::kNone},
    {0, "http2", Effect::kNone},
    {0, "http2-prior-knowledge", Effect::kNone},
    {0, "path-as-is", Effect::kNone},
    {'o', "output", Effect::kNoneWithValue},
    {'D', "dump-header", Effect::kNoneWithValue},
    {'w', "write-out", Effect::kNoneWithValue},
    {'m', "max-time", Effect::kNoneWithValue},
    {'E', "cert", Effect::kNoneWithValue},
    {'c', "cookie-jar", Effect::kNoneWithValue},
    {'x', "proxy", Effect::kNoneWithValue},
    {0, "connect-timeout", Effect::kNoneWithValue},
    {0, "cacert", Effect::kNoneWithValue},
    {0, "key", Effect::kNoneWithValue},
    {0, "resolve", Effect::kNoneWithValue},
    {0, "connect-to", Effect::kNoneWithValue},
    {0, "retry", Effect::kNoneWithValue},
};

bool TakesValue(Effect effect) { return effect != Effect::kNone && effect != Effect::kHead && effect != Effect::kGet; }

std::unexpected<core::Error> Unclosed() {
  return Fail(ErrorCode::kInvalidArgument, "a quote of the curl line is not closed", "give the whole command");
}

class Shell {
 public:
  explicit Shell(std::string_view text) : text_(text) {}

  Result<std::vector<std::string>> Words() {
    std::vector<std::string> words;
    while (SkipBlanks()) {
      std::string& word = words.emplace_back();
      while (at_ < text_.size() && !Blank(text_[at_])) {
        if (!Piece(word)) return Unclosed();
      }
    }
    return words;
  }

 private:
  static bool Blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

  // False at the end. A backslash before a line's end joins lines.
  bool SkipBlanks() {
    for (; at_ < text_.size(); ++at_) {
      if (Blank(text_[at_])) continue;
      if (text_[at_] != '\\' || at_ + 1 == text_.size() || (text_[at_ + 1] != '\n' && text_[at_ + 1] != '\r'))
        return true;
    }
    return false;
  }

  bool Piece(std::string& word) {
    const char c = text_[at_++];
    if (c == '\'') return Quoted(word, '\'', "");
    if (c == '"') return Quoted(word, '"', "\"\\$`");
    if (c == '$' && at_ < text_.size() && text_[at_] == '\'') {
      ++at_;
      return Quoted(word, '\'', "'\\\"");
    }
    if (c != '\\') {
      word += c;
    } else if (at_ < text_.size() && text_[at_] != '\n') {
      word += text_[at_++];
    } else if (at_ < text_.size()) {
      ++at_;
    }
    return true;
  }

  // `escaped`: what a backslash takes its meaning from.
  bool Quoted(std::string& word, char quote, std::string_view escaped) {
    for (; at_ < text_.size() && text_[at_] != quote; ++at_) {
      const bool escape = text_[at_] == '\\' && at_ + 1 < text_.size() && escaped.contains(text_[at_ + 1]);
      if (escape) ++at_;
      word += text_[at_];
    }
    if (at_ == text_.size()) return false;
    ++at_;
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

std::string Base64(std::string_view text) {
  static constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < text.size(); i += 3) {
    std::uint32_t bits = 0;
    for (std::size_t j = 0; j < 3; ++j) {
      bits = bits << 8 | (i + j < text.size() ? static_cast<unsigned char>(text[i + j]) : 0u);
    }
    for (std::size_t j = 0; j < 4; ++j) out += i + j > text.size() ? '=' : kDigits[bits >> (18 - 6 * j) & 63];
  }
  return out;
}

class CurlLine {
 public:
  Result<core::SampleRequest> Read(const std::vector<std::string>& words) {
    std::size_t at = !words.empty() && words.front() == "curl" ? 1 : 0;
    bool options = true;
    for (; at < words.size(); ++at) {
      const std::string& word = words[at];
      if (options && word == "--") {
        options = false;
      } else if (!options || !word.starts_with('-') || word == "-") {
        if (const Status set = Url(word); !set) return std::unexpected(set.error());
      } else if (const Status read = word.starts_with("--") ? Long(words, at) : Short(words, at); !read) {
        return std::unexpected(read.error());
      }
    }
    return Finish();
  }

 private:
  static std::unexpected<core::Error> Unknown(const std::string& option) {
    return Fail(ErrorCode::kInvalidArgument, "curl's option " + option + " is not understood here",
                "leave it out if it does not change the request, else say the request with METHOD URL -H ...");
  }

  Status Long(const std::vector<std::string>& words, std::size_t& at) {
    const std::string name = words[at].substr(2);
    const auto* const option = std::ranges::find(kOptions, name, &Option::name);
    if (option == std::end(kOptions)) return Unknown("--" + name);
    if (!TakesValue(option->effect)) return Apply(option->effect, "");
    if (++at == words.size()) return Missing("--" + name);
    return Apply(option->effect, words[at]);
  }

  // Letters may stand together; the first that takes a value takes the rest of the word, or the next.
  Status Short(const std::vector<std::string>& words, std::size_t& at) {
    const std::string word = words[at];
    for (std::size_t i = 1; i < word.size(); ++i) {
      const auto* const option = std::ranges::find(kOptions, word[i], &Option::letter);
      if (option == std::end(kOptions)) return Unknown(std::string("-") + word[i]);
      if (!TakesValue(option->effect)) {
        if (Status applied = Apply(option->effect, ""); !applied) return applied;
        continue;
      }
      if (i + 1 < word.size()) return Apply(option->effect, word.substr(i + 1));
      if (++at == words.size()) return Missing(std::string("-") + word[i]);
      return Apply(option->effect, words[at]);
    }
    return {};
  }

  static std::unexpected<core::Error> Missing(const std::string& option) {
    return Fail(ErrorCode::kInvalidArgument, "curl's option " + option + " has no value", "give the whole command");
  }

  Status Apply(Effect effect, const std::string& value) {
    switch (effect) {
      case Effect::kNone:
      case Effect::kNoneWithValue: break;
      case Effect::kMethod: method_ = value; break;
      case Effect::kHeader: return Header(value);
      case Effect::kCookie:
        if (value.contains('=')) cookies_ += (cookies_.empty() ? "" : "; ") + value;  // else the name of a file
        break;
      case Effect::kUserAgent: Default("User-Agent", value); break;
      case Effect::kReferer: Default("Referer", value); break;
      case Effect::kUser: Default("Authorization", "Basic " + Base64(value)); break;
      case Effect::kData:
        Body("POST", "application/x-www-form-urlencoded");
        data_ += (data_.empty() ? "" : "&") + value;
        break;
      case Effect::kJson:
        Body("POST", "application/json");
        Default("Accept", "application/json");
        break;
      case Effect::kForm: Body("POST", "multipart/form-data"); break;
      case Effect::kUpload: Body("PUT", ""); break;
      case Effect::kHead: head_ = true; break;
      case Effect::kGet: get_ = true; break;
      case Effect::kUrl: return Url(value);
      case Effect::kUrlQuery: query_ += (query_.empty() ? "" : "&") + value; break;
    }
    return {};
  }

  // `Name: value`; `Name:` takes a field of curl's own away, `Name;` sends it empty.
  Status Header(const std::string& line) {
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) {
      if (line.ends_with(';')) request_.headers.emplace_back(line.substr(0, line.size() - 1), "");
      return line.ends_with(';')
                 ? Status()
                 : Fail(ErrorCode::kInvalidArgument, "the header \"" + line + "\" has no colon", "write 'name: value'");
    }
    const std::string name = line.substr(0, colon);
    const std::string_view value = core::Trim(std::string_view(line).substr(colon + 1));
    value.empty() ? removed_.push_back(core::Fold(name)) : void(request_.headers.emplace_back(name, value));
    return {};
  }

  Status Url(const std::string& url) {
    if (has_url_) {
      return Fail(ErrorCode::kInvalidArgument, "the curl line has more than one URL", "explain them one by one");
    }
    has_url_ = true;
    return SetUrl(url, request_);
  }

  void Default(std::string_view name, std::string value) { defaults_.emplace_back(name, std::move(value)); }

  void Body(std::string_view method, std::string_view type) {
    body_method_ = method;
    if (!type.empty()) Default("Content-Type", std::string(type));
  }

  void AppendQuery(const std::string& more) {
    if (!more.empty()) request_.target += (request_.target.contains('?') ? "&" : "?") + more;
  }

  Result<core::SampleRequest> Finish() {
    if (!has_url_) return Fail(ErrorCode::kInvalidArgument, "the curl line has no URL", "give the whole command");
    if (get_) {
      body_method_.clear();
      std::erase_if(defaults_, [](const auto& field) { return field.first == "Content-Type"; });
      AppendQuery(data_);
    }
    AppendQuery(query_);
    request_.method = !method_.empty() ? method_ : head_ ? "HEAD" : !body_method_.empty() ? body_method_ : "GET";
    if (!cookies_.empty()) request_.headers.emplace_back("Cookie", cookies_);
    // curl's own come after what -A and its kin said, and give way to -H.
    Default("User-Agent", "curl");
    Default("Accept", "*/*");
    for (auto& [name, value] : defaults_) {
      const std::string folded = core::Fold(name);
      const bool said = std::ranges::any_of(
          request_.headers, [&](const auto& field) { return core::EqualsIgnoreCase(field.first, folded); });
      if (!said && std::ranges::find(removed_, folded) == removed_.end()) {
        request_.headers.emplace_back(std::move(name), std::move(value));
      }
    }
    return std::move(request_);
  }

  core::SampleRequest request_;
  bool has_url_ = false;
  bool head_ = false;
  bool get_ = false;
  std::string method_, body_method_, data_, query_, cookies_;
  std::vector<std::pair<std::string, std::string>> defaults_;  // fields that an -H of the same name replaces
  std::vector<std::string> removed_;
};

}  // namespace

Result<core::SampleRequest> ParseCurlLine(std::string_view line) {
  const auto words = Shell(line).Words();
  if (!words) return std::unexpected(words.error());
  return CurlLine().Read(*words);
}

}  // namespace sluice::gateway
