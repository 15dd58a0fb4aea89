/* files/download_known.c: the public files that `data get` knows, where they lie, and their sums.
 * It downloads nothing. */
#include <string.h>

#include "core/near.h"
#include "core/status.h"
#include "files/download.h"

/* yann.lecun.com, MNIST's first home, has refused downloads since 2024. These are the places that torchvision and
 * TensorFlow use. Re-packed copies exist, hence the sums of the unpacked files. */
static const char *const mnist_places[] = {
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    NULL,
};

static const ink_download_file mnist_files[] = {
    {"train-images-idx3-ubyte.gz", 16 << 20, "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
     "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"},
    {"train-labels-idx1-ubyte.gz", 1 << 20, "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
     "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"},
    {"t10k-images-idx3-ubyte.gz", 4 << 20, "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
     "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"},
    {"t10k-labels-idx1-ubyte.gz", 1 << 20, "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
     "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"},
};

/* torchvision's weights: the name carries the first eight digits of the sum. */
static const char *const torchvision_places[] = {"https://download.pytorch.org/models/", NULL};
static const ink_download_file resnet18_files[] = {{"resnet18-f37072fd.pth", 64 << 20, "f37072fd", NULL}};
static const ink_download_file resnet34_files[] = {{"resnet34-b627a593.pth", 128 << 20, "b627a593", NULL}};

static const struct {
    const char *what;
    const char *const *places;
    const ink_download_file *files;
    uint32_t n_files;
} known[] = {
    {"mnist", mnist_places, mnist_files, 4},
    {"resnet18", torchvision_places, resnet18_files, 1},
    {"resnet34", torchvision_places, resnet34_files, 1},
};

ink_status ink_download_known(const char *what, ink_download *download, ink_error *err) {
    ink_near near = {.word = what};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(known[i].what, what) == 0) {
            download->places = known[i].places;
            download->files = known[i].files;
            download->n_files = known[i].n_files;
            return INK_OK;
        }
        ink_near_try(&near, known[i].what);
    }
    ink_status status = ink_fail(err, INK_E_USAGE, "data get knows no \"%s\"", what);
    if (near.best != NULL)
        ink_hint(err, "did you mean \"%s\"?", near.best);
    else
        ink_hint(err, "known: mnist, resnet18, resnet34");
    return status;
}
