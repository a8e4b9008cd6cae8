// image.hpp - an image file of the user, looked at before QEMU opens it: can it stand behind a
// disk?
#pragma once

#include "system_model.hpp"

namespace vireo {

// What the file is to be: as the user said, or else qcow2 if its name ends so. Never as its bytes
// say: a guest may have written them.
ImageFormat format_of(const FileImage& image);

struct InspectedImage {
    FileImage image;     // with its whole path
    std::string note{};  // for the user, or empty
};
// Looks at the file: its size, its permissions, the header of a qcow2 image, which may name no
// other file. A file without any write permission bit is read-only, for root too. What cannot stand
// behind a disk is a Failure that says why.
InspectedImage inspect_image(const FileImage& wanted);

}  // namespace vireo
