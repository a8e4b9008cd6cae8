// vsh/line_editor.hpp - a line is typed, changed, looked for among those of before, and drawn.
// Pure: bytes in, bytes out.
//
// What is drawn always begins with a carriage return or goes on at its end, so that what stands
// behind the last carriage return draws the whole line again. It never fills the last column, so
// that it stays one line on the screen: a longer one is shown in part.
#pragma once

#include "edited_line.hpp"
#include "keys.hpp"

#include <base/text.hpp>

namespace vsh {

class LineEditor {
public:
    enum class Event : u8 {
        none,
        line,      // it is finished: text(), until the next begin()
        too_long,  // so is it, and what did not fit is missing in text()
        end,       // Ctrl-D on an empty line
        complete,  // Tab: insert(), or show something and draw()
    };

    static constexpr u16 usual_columns = 80;
    static constexpr usize drawing_bytes = 2 * EditedLine::capacity + 128;  // at most, of a call

    explicit LineEditor(History& history) : history_{&history} {}

    // An empty line behind this prompt, which stays where it is.
    void begin(std::string_view prompt)
    {
        prompt_ = prompt;
        line_.clear();
        first_ = 0;
        age_ = 0;
        searching_ = false;
        cut_ = false;
    }

    std::string_view text() const { return line_.text(); }
    std::string_view before_cursor() const { return line_.left(); }
    void insert(std::string_view what) { line_.insert(what); }
    void resize(u16 columns)
    {
        columns_ = columns < least_columns ? least_columns : columns;
        first_ = 0;
    }

    // One byte. What is to be written to the terminal is put to `out`.
    Event feed(char c, text::Writer& out)
    {
        const Key key = keys_.feed(c);
        if (key == Key::none)
            return Event::none;
        if (key == Key::resize) {
            resize(keys_.columns());
            draw(out);
            return Event::none;
        }
        if (searching_ && search(key)) {
            draw(out);
            return Event::none;
        }
        if (key == Key::enter) {
            finish(out);
            return cut_ ? Event::too_long : Event::line;
        }
        if (key == Key::complete)
            return Event::complete;
        if (key == Key::remove && line_.text().empty())
            return Event::end;
        edit(key, out);
        return Event::none;
    }

    // The whole line.
    void draw(text::Writer& out)
    {
        const usize start = out.put('\r').size();
        if (searching_)
            out.put("(search) ").put(head(pattern_.text(), columns_ / 2)).put(": ");
        else
            out.put(prompt_);
        const usize used = EditedLine::columns(out.view().substr(start));
        room_ = used + 1 < columns_ ? columns_ - 1 - used : 0;
        scroll();
        const auto shown = head(line_.text().substr(first_), room_);
        out.put(shown).put("\x1b[K");
        const auto left = line_.text().substr(first_, line_.cursor() - first_);
        const usize behind = EditedLine::columns(shown) - EditedLine::columns(left);
        if (behind != 0)
            out.put("\x1b[").number(behind).put('D');
    }

private:
    static constexpr u16 least_columns = 40;

    // So much of it as takes this many columns.
    static std::string_view head(std::string_view text, usize columns)
    {
        usize at = 0;
        for (usize used = 0; at < text.size(); ++at)
            if (!EditedLine::continues(text[at]) && used++ == columns)
                break;
        return text.substr(0, at);
    }

    // The cursor is in what is shown.
    void scroll()
    {
        const auto text = line_.text();
        if (line_.cursor() < first_ || EditedLine::columns(text) <= room_)
            first_ = 0;
        while (EditedLine::columns(text.substr(first_, line_.cursor() - first_)) > room_)
            do
                ++first_;
            while (first_ < line_.cursor() && EditedLine::continues(text[first_]));
    }

    // The line as it is done, with the cursor behind it.
    void finish(text::Writer& out)
    {
        searching_ = false;
        if (!cut_)
            history_->add(line_.text());
        line_.move(line_.end());
        draw(out);
        out.put("\r\n");
    }

    void edit(Key key, text::Writer& out)
    {
        switch (key) {
        case Key::character:
            return type(out);
        case Key::search:
            searching_ = true;
            leave_typed();
            age_ = 0;
            pattern_.clear();
            break;
        case Key::up:
        case Key::down:
            turn(key == Key::up);
            break;
        case Key::clear_screen:
            out.put("\x1b[H\x1b[2J");
            break;
        default:
            change(key);
            cut_ = cut_ && line_.end() != 0;
        }
        draw(out);
    }

    // At the end of a line that is shown whole, what is typed is all there is to draw.
    void type(text::Writer& out)
    {
        const bool appends = line_.at_end();
        const usize size = line_.end();
        line_.insert(keys_.text());
        if (line_.end() == size) {
            cut_ = true;
            out.put('\a');
        } else if (!appends || EditedLine::columns(line_.text().substr(first_)) > room_) {
            draw(out);
        } else {
            out.put(keys_.text());
        }
    }

    void change(Key key)
    {
        switch (key) {
        case Key::left:
            return line_.move(line_.before());
        case Key::right:
            return line_.move(line_.after());
        case Key::home:
            return line_.move(0);
        case Key::end:
            return line_.move(line_.end());
        case Key::word_left:
            return line_.move(line_.word_before());
        case Key::word_right:
            return line_.move(line_.word_after());
        case Key::erase:
            return line_.erase(line_.before());
        case Key::remove:
            return line_.erase(line_.after());
        case Key::kill_left:
            return line_.erase(0);
        case Key::kill_right:
            return line_.erase(line_.end());
        case Key::kill_word:
            return line_.erase(line_.word_before());
        default:
            return;
        }
    }

    // To an older or a newer line; the newest is the one that was being typed.
    void turn(bool older)
    {
        if (older ? age_ == history_->size() : age_ == 0)
            return;
        leave_typed();
        age_ = older ? age_ + 1 : age_ - 1;
        line_.set(age_ == 0 ? typed_.text() : history_->back(age_ - 1));
        cut_ = age_ == 0 && typed_cut_;
        first_ = 0;
    }

    // What was being typed is found again below the newest line of before.
    void leave_typed()
    {
        if (age_ != 0)
            return;
        typed_.set(line_.text());
        typed_cut_ = cut_;
    }

    // True: the key belongs to the search.
    bool search(Key key)
    {
        if (key == Key::character)
            pattern_.insert(keys_.text());
        else if (key == Key::erase)
            pattern_.erase(pattern_.before());
        else if (key != Key::search) {
            searching_ = false;
            if (key != Key::cancel)
                return false;
            line_.clear();
            cut_ = false;
            age_ = 0;
            return true;
        }
        find(key == Key::search ? age_ : 0);
        return true;
    }

    // The newest line that is older than `age` lines and has the pattern in it; none: no change.
    void find(usize age)
    {
        if (pattern_.text().empty())
            return;
        for (; age < history_->size(); ++age)
            if (history_->back(age).contains(pattern_.text())) {
                line_.set(history_->back(age));
                cut_ = false;
                first_ = 0;
                age_ = age + 1;
                return;
            }
    }

    History* history_;
    Keys keys_;
    std::string_view prompt_;
    EditedLine line_;
    EditedLine typed_;    // while older lines are looked at
    EditedLine pattern_;  // of the search
    usize first_ = 0;     // byte of the line that is shown first
    usize room_ = 0;      // columns for the line, behind the prompt
    usize age_ = 0;       // of the line that is looked at; 0: it is being typed
    u16 columns_ = usual_columns;
    bool searching_ = false;
    bool cut_ = false;        // something that was typed did not fit
    bool typed_cut_ = false;  // so it was of typed_
};

}  // namespace vsh
