// source_text.cpp - what can be counted in C++ and assembler sources.
#include "source_text.hpp"

#include "text.hpp"

#include <algorithm>
#include <cctype>
#include <regex>

namespace vireo {
namespace {

bool blank(std::string_view text)
{
    return std::ranges::all_of(text, [](unsigned char c) { return std::isspace(c) != 0; });
}

bool word_character(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

// Where what begins at `at` and is no code ends; `at` if it is code.
usize end_of_hidden(std::string_view text, usize at)
{
    const auto after = [&](std::string_view mark, usize from) {
        const auto found = text.find(mark, from);
        return found == text.npos ? text.size() : found + mark.size();
    };
    const auto rest = text.substr(at);
    if (rest.starts_with("//"))
        return std::min(text.find('\n', at), text.size());
    if (rest.starts_with("/*"))
        return after("*/", at + 2);
    if (rest.starts_with("R\"")) {
        const auto open = std::min(rest.find('('), rest.size() - 1);
        return after(")" + std::string{rest.substr(2, open - 2)} + "\"", at + open);
    }
    const bool separator = at > 0 && word_character(text[at - 1]);  // 1'000
    if (rest.front() != '"' && (rest.front() != '\'' || separator))
        return at;
    usize end = at + 1;
    while (end < text.size() && text[end] != rest.front() && text[end] != '\n')
        end += text[end] == '\\' ? 2 : 1;
    return std::min(end + 1, text.size());
}

// What stands between the last brace or semicolon and a body.
struct Head {
    std::string text;
    u32 line = 0;
};

// Without what may stand in front of what it declares.
std::string bare(const std::string& head)
{
    static const std::regex prefix{
        R"(^\s*(\[\[[^\]]*\]\]|extern(?=\s)\s*"*|template\s*<(?:[^<>]|<[^<>]*>)*>)\s*)"};
    auto text = head;
    for (std::smatch found; std::regex_search(text, found, prefix);)
        text = found.suffix();
    return text;
}

bool opens_scope(const std::string& head)
{
    static const std::regex scope{R"(^\s*((inline\s+)?namespace|class|struct|union|enum)\b)"};
    return blank(head) || std::regex_search(head, scope);
}

bool is_access(std::string_view head)
{
    return head == "public:" || head == "protected:" || head == "private:";
}

// Reads a file brace by brace.
class FunctionScanner {
public:
    FunctionScanner(std::string_view code, const std::string& file) : code_{code}, file_{file} {}

    std::vector<Function> run()
    {
        for (at_ = 0; at_ < code_.size(); ++at_)
            step(code_[at_]);
        return std::move(found_);
    }

private:
    enum class Scope { outside, function, other };

    void step(char c)
    {
        if (c == '{')
            return open();
        if (c == '}')
            return close();
        if (c == ';' && parentheses_ == 0)
            head_ = {};
        else if (head_.text.empty() && std::isspace(static_cast<unsigned char>(c)) != 0)
            line_ += c == '\n';
        else
            extend(c);
    }
    void extend(char c)
    {
        if (head_.text.empty())
            head_.line = line_;
        parentheses_ += c == '(' ? 1 : c == ')' ? -1 : 0;
        line_ += c == '\n';
        head_.text += c;
        if (c == ':' && is_access(head_.text))
            head_ = {};
    }
    Scope opened() const
    {
        if (!scopes_.empty() && scopes_.back() != Scope::outside)
            return Scope::other;
        const auto head = bare(head_.text);
        const bool body = at_ > 0 && std::isspace(static_cast<unsigned char>(code_[at_ - 1])) != 0;
        if (opens_scope(head))
            return Scope::outside;
        const bool value = std::regex_search(head, std::regex{R"(=\s*(\[|$))"});
        return body && !value && head.contains('(') ? Scope::function : Scope::other;
    }
    void open()
    {
        scopes_.push_back(opened());
        if (scopes_.back() == Scope::function)
            found_.push_back({.name = name(), .file = file_, .line = head_.line, .lines = 0});
        if (scopes_.back() != Scope::other)
            head_ = {};
    }
    void close()
    {
        const auto scope = scopes_.empty() ? Scope::other : scopes_.back();
        if (!scopes_.empty())
            scopes_.pop_back();
        if (scope == Scope::function)
            found_.back().lines = line_ - found_.back().line + 1;
        if (scope != Scope::other)
            head_ = {};
    }
    std::string name() const
    {
        static const std::regex called{R"(([\w:~]*(operator\s*\S+)?)\s*\()"};
        std::smatch found;
        const auto head = bare(head_.text);
        return std::regex_search(head, found, called) ? found[1].str() : head;
    }

    std::string_view code_;
    const std::string& file_;
    usize at_ = 0;
    u32 line_ = 1;
    int parentheses_ = 0;
    Head head_;
    std::vector<Scope> scopes_;
    std::vector<Function> found_;
};

// Directives have braces of their own.
std::string without_directives(const std::string& code)
{
    std::string out;
    for (const auto& line : lines_of(code))
        out += (line.starts_with('#') ? "" : line) + "\n";
    return out;
}

}  // namespace

LineCount& LineCount::operator+=(const LineCount& more)
{
    files += more.files;
    code += more.code;
    comment += more.comment;
    blank += more.blank;
    bytes += more.bytes;
    return *this;
}

std::string code_of(std::string_view text)
{
    std::string code;
    while (code.size() < text.size()) {
        const auto at = code.size();
        const auto end = std::max(end_of_hidden(text, at), at);
        if (end == at)
            code += text[at];
        for (const char c : text.substr(at, end - at))
            code += c == '\n' ? '\n' : text[at] == '/' ? ' ' : '"';
    }
    return code;
}

LineCount count_lines(std::string_view text)
{
    LineCount count{.files = 1, .bytes = text.size()};
    const auto whole = lines_of(text);
    const auto code = lines_of(code_of(text));
    for (usize i = 0; i < whole.size(); ++i)
        ++(blank(whole[i]) ? count.blank : blank(code[i]) ? count.comment : count.code);
    return count;
}

std::vector<Function> functions_of(std::string_view text, const std::string& file)
{
    const auto code = without_directives(code_of(text));
    return FunctionScanner{code, file}.run();
}

u32 percentile(const std::vector<Function>& by_length, u32 percent)
{
    if (by_length.empty())
        return 0;
    const usize rank = (by_length.size() * percent + 99) / 100;
    return by_length[std::max<usize>(rank, 1) - 1].lines;
}

}  // namespace vireo
