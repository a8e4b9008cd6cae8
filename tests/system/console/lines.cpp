// console/lines.cpp - a dialogue in numbered lines, in whose middle the console's server is killed:
// lines that got lost are said again, and in the end each was heard.
#include "desk.hpp"

#include <check/servers.hpp>

namespace {

using check::need;
using check::that;

constexpr u32 lines = 1600;
constexpr u32 line_bytes = 64;
constexpr u32 window = 32;  // lines that were said and not heard
constexpr u32 kills = 3;

using Line = text::Buffer<line_bytes>;

// Without its end.
void put_line(Line& line, u32 number)
{
    line.put('L').number(number).put(' ');
    while (line.size() + 1 < line_bytes)
        line.put(character(u64{number} * line_bytes + line.size()));
}

class Dialogue {
public:
    void run()
    {
        while (heard_count_ < lines) {
            talk();
            listen();
            if (killed_ < kills && heard_count_ > (killed_ + 1) * lines / (kills + 1)) {
                ++killed_;
                check::works(check::order<check::names::Kill>("con1"));
            }
            if (desk_.terminal.epoch() != epoch_)
                mark();
        }
        check::equals(marks_, kills);
    }

private:
    // Unheard ones, in their order; none behind a mark that did not come back yet.
    void talk()
    {
        while (!marked_ && under_way_ < window && next_ < lines) {
            if (!heard_[next_]) {
                Line line;
                put_line(line, next_);
                line.put('\n');
                need(desk_.terminal.write(line.view()));
                ++under_way_;
            }
            ++next_;
        }
    }

    void listen()
    {
        const auto text = desk_.read();
        for (const char c : text) {
            if (c == '\n') {
                look_at(said_.view());
                said_.rewind(0);
            } else {
                said_.put(c);  // what is too long is no line of ours
            }
        }
        if (text.empty())
            desk_.wait();
    }

    void look_at(std::string_view said)
    {
        if (marked_ && said == mark_.view()) {
            marked_ = false;
            under_way_ = next_ = 0;
        }
        if (!said.starts_with('L'))
            return;
        const auto number = text::parse_number(said.substr(1, said.find(' ') - 1));
        if (!number || *number >= lines)
            return;
        Line wanted;
        put_line(wanted, static_cast<u32>(*number));
        if (said != wanted.view())
            return;
        heard_count_ += std::exchange(heard_[*number], true) ? 0 : 1;
        under_way_ -= under_way_ != 0 ? 1 : 0;
    }

    // When it comes back, all that was said before it came back or is lost.
    void mark()
    {
        epoch_ = desk_.terminal.epoch();
        ++marks_;
        marked_ = true;
        mark_.rewind(0);
        mark_.put('M').number(epoch_);
        text::Buffer<32> line;
        line.put('\n').put(mark_.view()).put('\n');
        need(desk_.terminal.write(line.view()));
    }

    Desk desk_{"con1"};
    u64 epoch_ = desk_.terminal.epoch();
    std::array<bool, lines> heard_{};
    u32 heard_count_ = 0;
    u32 next_ = 0;
    u32 under_way_ = 0;
    u32 killed_ = 0;
    u32 marks_ = 0;
    bool marked_ = false;
    text::Buffer<24> mark_;
    Line said_;
};

}  // namespace

void a_dialogue_outlives_its_servers()
{
    Dialogue dialogue;
    dialogue.run();
}
