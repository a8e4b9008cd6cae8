// line_editor_test.cpp - keys in, a line out; and what is drawn, on a screen that is as simple as
// the drawing needs.
#include "line_editor.hpp"

#include <random>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

namespace {

using vsh::LineEditor;
using Event = LineEditor::Event;

// One row of a terminal: code points, and where the cursor is.
class Row {
public:
    void write(std::string_view bytes)
    {
        for (usize i = 0; i < bytes.size();) {
            if (bytes[i] == '\r') {
                at_ = 0;
                ++i;
            } else if (bytes[i] == '\n') {
                cells_.clear();
                ++i;
            } else if (bytes[i] == '\x1b') {
                i += sequence(bytes.substr(i));
            } else {
                usize end = i + 1;
                while (end < bytes.size() && vsh::EditedLine::continues(bytes[end]))
                    ++end;
                cells_.resize(std::max(cells_.size(), at_ + 1), " ");
                cells_[at_++] = bytes.substr(i, end - i);
                widest = std::max(widest, at_);
                i = end;
            }
        }
    }
    std::string text() const
    {
        std::string out;
        for (const auto& cell : cells_)
            out += cell;
        return out;
    }
    usize cursor() const { return at_; }
    usize widest = 0;

private:
    usize sequence(std::string_view bytes)
    {
        const usize end = bytes.find_first_of("KDHJ");
        REQUIRE(end != std::string_view::npos);
        if (bytes[end] == 'K')
            cells_.resize(std::min(cells_.size(), at_));
        if (bytes[end] == 'D')
            at_ -= std::stoul(std::string{bytes.substr(2, end - 2)});
        return end + 1;
    }

    std::vector<std::string> cells_;
    usize at_ = 0;
};

struct Typist {
    explicit Typist(vsh::History& of, u16 columns = 80) : editor{of}
    {
        editor.resize(columns);
        begin();
    }
    void begin()
    {
        editor.begin("> ");
        show([&](text::Writer& out) { editor.draw(out); });
    }
    // The last event that was not none.
    Event type(std::string_view bytes)
    {
        Event last = Event::none;
        for (const char c : bytes)
            show([&](text::Writer& out) {
                if (const auto event = editor.feed(c, out); event != Event::none)
                    last = event;
            });
        return last;
    }
    template <class F>
    void show(F f)
    {
        text::Buffer<LineEditor::drawing_bytes> out;
        f(out);
        REQUIRE_FALSE(out.overflow());
        row.write(out.view());
        // What stands behind the last return draws the whole line again.
        const auto last = out.view().find_last_of("\r\n");
        open = last == std::string_view::npos ? open + std::string{out.view()}
                                              : std::string{out.view().substr(last + 1)};
    }

    LineEditor editor;
    Row row;
    std::string open;
};

}  // namespace

TEST_CASE("what is typed is the line, and Enter ends it", "[vsh]")
{
    vsh::History history;
    Typist typist{history};
    CHECK(typist.type("blk info") == Event::none);
    CHECK(typist.row.text() == "> blk info");
    CHECK(typist.row.cursor() == 10);
    CHECK(typist.type("\r") == Event::line);
    CHECK(typist.editor.text() == "blk info");
    typist.begin();
    CHECK(typist.type("\n") == Event::none);  // of the same line end
    CHECK(typist.type("ps\n") == Event::line);
    CHECK(typist.editor.text() == "ps");
}

TEST_CASE("keys move the cursor and change the line where it is", "[vsh]")
{
    const auto [keys, line, cursor] = GENERATE(table<std::string, std::string, usize>({
        {"abc\x1b[D\x1b[DX", "aXbc", 2},
        {"abc\x02\x02\x06X", "abXc", 3},
        {"abc\x01X", "Xabc", 1},
        {"abc\x1b[HX\x1b[FY", "XabcY", 5},
        {"abc\x1b[1~X\x1b[4~Y", "XabcY", 5},
        {"abc\x1bOHX\x1bOFY", "XabcY", 5},
        {"abc\x7f\x08", "a", 1},
        {"abc\x01\x7f", "abc", 0},
        {"abc\x01\x1b[3~\x04", "c", 0},
        {"abc def\x1b[D\x0b", "abc de", 6},
        {"abc def\x1b[D\x15", "f", 0},
        {"abc  def \x17", "abc  ", 5},
        {"abc def\x1b"
         "b\x1b"
         "bX",
         "Xabc def", 1},
        {"abc def\x1b[1;5D\x1b[1;5D\x1b[1;5CX", "abcX def", 4},
        {"abc\x1b[5~\x1b[38;5;1m\x1bZ", "abc", 3},
    }));
    vsh::History history;
    Typist typist{history};
    typist.type(keys);
    CHECK(typist.editor.text() == line);
    CHECK(typist.row.text() == "> " + line);
    CHECK(typist.row.cursor() == cursor + 2);
}

TEST_CASE("a code point is one character, however many bytes it has", "[vsh]")
{
    vsh::History history;
    Typist typist{history};
    typist.type("a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80");
    CHECK(typist.row.cursor() == 6);
    typist.type("\x7f\x1b[D\x1b[DX");
    CHECK(typist.editor.text() == "aX\xc3\xa4\xe2\x82\xac");
    typist.type("\x04");
    CHECK(typist.editor.text() == "aX\xe2\x82\xac");
    CHECK(typist.row.text() == "> aX\xe2\x82\xac");
}

TEST_CASE("bytes that are no text do not get into the line", "[vsh][hostile]")
{
    vsh::History history;
    Typist typist{history};
    // Overlong, surrogate, beyond the last plane, cut off, alone, a control of the upper half.
    typist.type("\xc0\x80\xe0\x80\x80\xed\xa0\x80\xf4\x90\x80\x80\xff\xfe\x80\xc2\x9b\xe2\x82");
    typist.type(std::string(1, '\0') + "ok");
    CHECK(typist.editor.text() == "ok");
}

TEST_CASE("whatever bytes come, the screen shows the line, in its width", "[vsh][hostile]")
{
    const u32 seed = GENERATE(range(0U, 40U));
    std::mt19937 random{seed};
    vsh::History history;
    const u16 columns = static_cast<u16>(40 + random() % 60);
    Typist typist{history, columns};
    const std::vector<std::string> keys{"\x1b[A", "\x1b[B",       "\x1b[C", "\x1b[D",
                                        "\x1b[H", "\x1b[3~",      "\x17",   "\x12",
                                        "\x7f",   "\xe2\x82\xac", "word ",  "x"};
    for (int i = 0; i < 2000; ++i) {
        const auto key = random() % 4 == 0 ? std::string(1, static_cast<char>(random()))
                                           : keys[random() % keys.size()];
        if (typist.type(key) == Event::line)
            typist.begin();
        // A log line in between: all of it is drawn again from what is remembered.
        Row again;
        again.write(typist.open);
        REQUIRE(typist.row.text() == again.text());
        REQUIRE(typist.row.cursor() == again.cursor());
        REQUIRE(typist.row.widest < columns);
        REQUIRE(typist.editor.text().size() <= vsh::EditedLine::capacity);
    }
}

TEST_CASE("of a line longer than the screen that part is shown where the cursor is", "[vsh]")
{
    vsh::History history;
    Typist typist{history, 40};
    for (int i = 0; i < 100; ++i)
        typist.type(std::string(1, static_cast<char>('a' + i % 26)));
    CHECK(typist.row.text().size() == 39);
    CHECK(typist.row.text().ends_with("stuv"));
    typist.type("\x01");
    CHECK(typist.row.text().starts_with("> abcd"));
    CHECK(typist.row.cursor() == 2);
    typist.editor.resize(60);
    typist.type("\x1b[C");
    CHECK(typist.row.text().size() == 59);
    CHECK(typist.type("\r") == Event::line);
    CHECK(typist.editor.text().size() == 100);
}

TEST_CASE("a terminal that says its size is believed, within reason", "[vsh]")
{
    vsh::History history;
    Typist typist{history};
    typist.type(std::string(200, 'x'));
    for (const auto& [report, columns] : {std::pair<std::string, usize>{"\x1b[8;24;100t", 100},
                                          {"\x1b[8;24;50t", 50},
                                          {"\x1b[8;24;3t", 40},
                                          {"\x1b[8;24;0t", 40},
                                          {"\x1b[9;24;60t", 40},
                                          {"\x1b[8;24;99999999999t", 203}}) {
        typist.type(report);
        CHECK(typist.row.text().size() == columns - 1);
    }
    CHECK(typist.editor.text() == std::string(200, 'x'));
}

TEST_CASE("a line that is full takes no more", "[vsh]")
{
    vsh::History history;
    Typist typist{history};
    typist.type(std::string(vsh::EditedLine::capacity + 10, 'x'));
    CHECK(typist.editor.text().size() == vsh::EditedLine::capacity);
    typist.type("\x7f\xc3\xa4");
    CHECK(typist.editor.text().size() == vsh::EditedLine::capacity - 1);
    CHECK(typist.type("\r") == Event::too_long);
    typist.begin();
    CHECK(typist.type(std::string(vsh::EditedLine::capacity, 'x') + "\r") == Event::line);
}

TEST_CASE("a line that was cut cannot be run from the history", "[vsh]")
{
    vsh::History history;
    Typist typist{history};
    const std::string too_long(vsh::EditedLine::capacity + 1, 'x');
    REQUIRE(typist.type(too_long + "\r") == Event::too_long);
    CHECK(history.size() == 0);
    history.add("ps");
    typist.begin();
    // Nor from below it, where the line that was being typed is found again.
    CHECK(typist.type(too_long + "\x1b[A\x1b[B\r") == Event::too_long);
    typist.begin();
    CHECK(typist.type(too_long + "\x12none\r") == Event::too_long);
    CHECK(history.size() == 1);
}

TEST_CASE("a line that takes the place of one that was cut is whole", "[vsh]")
{
    const auto [keys, line] = GENERATE(table<std::string, std::string>({
        {"\x15help", "help"},
        {"\x01\x0bhelp", "help"},
        {"\x17help", "help"},
        {"\x1b[A", "ps"},
        {"\x12"
         "p",
         "ps"},
        {"\x12none\x07help", "help"},
    }));
    vsh::History history;
    history.add("ps");
    Typist typist{history};
    typist.type(std::string(vsh::EditedLine::capacity + 1, 'x') + keys);
    CHECK(typist.type("\r") == Event::line);
    CHECK(typist.editor.text() == line);
    CHECK(history.back(0) == line);
}

TEST_CASE("older lines come back, and the one that was being typed, too", "[vsh]")
{
    vsh::History history;
    Typist typist{history};
    for (const auto* line : {"ps\r", "help\r", "help\r", "\r", "blk info disk0\r"}) {
        typist.type(line);
        typist.begin();
    }
    typist.type("half\x1b[A");
    CHECK(typist.editor.text() == "blk info disk0");
    typist.type("\x10");
    CHECK(typist.editor.text() == "help");
    typist.type("\x1b[A\x1b[A\x1b[A");
    CHECK(typist.editor.text() == "ps");
    typist.type("\x1b[B");
    CHECK(typist.editor.text() == "help");
    typist.type("\x0e\x0e\x0e\x0e");
    CHECK(typist.editor.text() == "half");
    CHECK(typist.row.text() == "> half");
}

TEST_CASE("only the last lines are remembered", "[vsh]")
{
    vsh::History history;
    for (usize i = 0; i < vsh::History::lines + 5; ++i)
        history.add("line " + std::to_string(i));
    CHECK(history.size() == vsh::History::lines);
    CHECK(history.back(0) == "line " + std::to_string(vsh::History::lines + 4));
    CHECK(history.back(vsh::History::lines - 1) == "line 5");
    history.add(std::string(vsh::History::line_bytes + 1, 'x'));
    CHECK(history.back(0) == "line " + std::to_string(vsh::History::lines + 4));
}

TEST_CASE("Ctrl-R looks for older lines", "[vsh]")
{
    vsh::History history;
    for (const auto* line : {"blk info disk0", "net ping nic0 10.0.2.2", "blk flush disk0", "ps"})
        history.add(line);
    Typist typist{history};
    typist.type("\x12"
                "blk");
    CHECK(typist.row.text() == "(search) blk: blk flush disk0");
    typist.type("\x12");
    CHECK(typist.row.text() == "(search) blk: blk info disk0");
    CHECK(typist.type("\r") == Event::line);
    CHECK(typist.editor.text() == "blk info disk0");
    typist.begin();
    typist.type("\x12"
                "net\x01");  // any other key takes the line that was found
    CHECK(typist.row.text() == "> net ping nic0 10.0.2.2");
    CHECK(typist.row.cursor() == 2);
    typist.type("\x12nothing\x07");
    CHECK(typist.row.text() == "> ");
}

TEST_CASE("Ctrl-D ends the input on an empty line only", "[vsh]")
{
    vsh::History history;
    Typist typist{history};
    CHECK(typist.type("a\x04") == Event::none);
    CHECK(typist.type("\x7f") == Event::none);
    CHECK(typist.type("\x04") == Event::end);
}

TEST_CASE("from what a search found the lines around it are reached", "[vsh]")
{
    vsh::History history;
    for (const auto* line : {"first", "blk info disk0", "ps"})
        history.add(line);
    Typist typist{history};
    typist.type("half\x12"
                "blk\x1b[B");
    CHECK(typist.editor.text() == "ps");
    typist.type("\x1b[B");
    CHECK(typist.editor.text() == "half");
    typist.type("\x12"
                "fir\x07"
                "new\x1b[A");
    CHECK(typist.editor.text() == "ps");
    typist.type("\x1b[B");
    CHECK(typist.editor.text() == "new");
}
