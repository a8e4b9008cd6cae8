// project.cpp - where things of this project are.
#include "project.hpp"

#include "failure.hpp"

#include <algorithm>
#include <cstdlib>

namespace vireo {
namespace {

fs::path find_root()
{
    if (const char* given = std::getenv("VIREO_ROOT"); given != nullptr && *given != '\0')
        return fs::absolute(given);
    for (fs::path at = fs::current_path();; at = at.parent_path()) {
        if (fs::exists(at / "systems") && fs::exists(at / "CMakePresets.json"))
            return at;
        if (at == at.parent_path())
            break;
    }
    throw Failure{Exit::environment, "this is not inside the project",
                  "no directory above has systems/ and CMakePresets.json",
                  "run tools/vireo of the project, or set VIREO_ROOT"};
}

}  // namespace

std::vector<std::string> Project::program_names() const
{
    std::vector<std::string> names;
    std::error_code none_yet;
    for (const auto& entry : fs::directory_iterator{programs(), none_yet})
        if (entry.path().extension() == ".elf")
            names.push_back(entry.path().stem().string());
    std::ranges::sort(names);
    return names;
}

std::string Project::shown(const fs::path& path) const
{
    const auto relative = path.lexically_normal().lexically_relative(root.lexically_normal());
    const bool inside = !relative.empty() && *relative.begin() != "..";
    return inside ? relative.string() : path.string();
}

Project find_project()
{
    Project project{find_root()};
    if (const char* given = std::getenv("VIREO_TARGET_DIR"); given != nullptr && *given != '\0')
        project.target = fs::absolute(given);
    return project;
}

}  // namespace vireo
