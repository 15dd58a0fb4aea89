/* nn/zoo.c: the nets that come with inkling, as net text.
 * Plain data; recipes name them (`net = resnet18`) or bring their own text. */
#include <string.h>

#include "nn/net.h"

static const ink_zoo_entry zoo[] = {
    {"mlp", "784-128-64-10, fully connected", "linear 128 as fc1\nrelu\nlinear 64 as fc2\nrelu\nlinear 10 as fc3\n"},
    {"lenet", "LeNet-5 with ReLU and max pooling (LeCun et al. 1998)",
     "conv 6 5x5 pad 2 as conv1\nrelu\nmaxpool 2x2\nconv 16 5x5 as conv2\nrelu\nmaxpool 2x2\n"
     "linear 120 as fc1\nrelu\nlinear 84 as fc2\nrelu\nlinear 10 as fc3\n"},
    {"cnn-example", "the net of PyTorch's MNIST example: two convolutions, two linear layers, dropout",
     "conv 32 3x3 as conv1\nrelu\nconv 64 3x3 as conv2\nrelu\nmaxpool 2x2\ndropout 0.25\n"
     "linear 128 as fc1\nrelu\ndropout 0.5\nlinear 10 as fc2\n"},
    {"deotte", "seven convolutions, stride instead of pooling (C. Deotte, 25 Million Images, 2018)",
     "init glorot\nconv 32 3x3\nrelu\nbatchnorm eps 1e-3 momentum 0.01\nconv 32 3x3\nrelu\n"
     "batchnorm eps 1e-3 momentum 0.01\nconv 32 5x5 stride 2 pad same\nrelu\n"
     "batchnorm eps 1e-3 momentum 0.01\ndropout 0.4\nconv 64 3x3\nrelu\n"
     "batchnorm eps 1e-3 momentum 0.01\nconv 64 3x3\nrelu\nbatchnorm eps 1e-3 momentum 0.01\n"
     "conv 64 5x5 stride 2 pad same\nrelu\nbatchnorm eps 1e-3 momentum 0.01\ndropout 0.4\n"
     "conv 128 4x4\nrelu\nbatchnorm eps 1e-3 momentum 0.01\nflatten\ndropout 0.4\nlinear 10\n"},
    {"m3", "ten 3x3 convolutions without padding (An et al., arXiv:2008.10400)",
     "conv 32 3x3 no-bias as conv1\nbatchnorm as conv1_bn\nrelu\nconv 48 3x3 no-bias as conv2\n"
     "batchnorm as conv2_bn\nrelu\nconv 64 3x3 no-bias as conv3\nbatchnorm as conv3_bn\nrelu\n"
     "conv 80 3x3 no-bias as conv4\nbatchnorm as conv4_bn\nrelu\nconv 96 3x3 no-bias as conv5\n"
     "batchnorm as conv5_bn\nrelu\nconv 112 3x3 no-bias as conv6\nbatchnorm as conv6_bn\nrelu\n"
     "conv 128 3x3 no-bias as conv7\nbatchnorm as conv7_bn\nrelu\nconv 144 3x3 no-bias as conv8\n"
     "batchnorm as conv8_bn\nrelu\nconv 160 3x3 no-bias as conv9\nbatchnorm as conv9_bn\nrelu\n"
     "conv 176 3x3 no-bias as conv10\nbatchnorm as conv10_bn\nrelu\nlinear 10 no-bias as fc1\n"
     "batchnorm as fc1_bn\n"},
    {"m5", "five 5x5 convolutions without padding (An et al.)",
     "conv 32 5x5 no-bias as conv1\nbatchnorm as conv1_bn\nrelu\nconv 64 5x5 no-bias as conv2\n"
     "batchnorm as conv2_bn\nrelu\nconv 96 5x5 no-bias as conv3\nbatchnorm as conv3_bn\nrelu\n"
     "conv 128 5x5 no-bias as conv4\nbatchnorm as conv4_bn\nrelu\nconv 160 5x5 no-bias as conv5\n"
     "batchnorm as conv5_bn\nrelu\nlinear 10 no-bias as fc1\nbatchnorm as fc1_bn\n"},
    {"m7", "four 7x7 convolutions without padding (An et al.)",
     "conv 48 7x7 no-bias as conv1\nbatchnorm as conv1_bn\nrelu\nconv 96 7x7 no-bias as conv2\n"
     "batchnorm as conv2_bn\nrelu\nconv 144 7x7 no-bias as conv3\nbatchnorm as conv3_bn\nrelu\n"
     "conv 192 7x7 no-bias as conv4\nbatchnorm as conv4_bn\nrelu\nlinear 10 no-bias as fc1\n"
     "batchnorm as fc1_bn\n"},
    {"resnet18", "ResNet-18 as torchvision has it, 10 classes (He et al., arXiv:1512.03385)",
     "input 3\ninit kaiming-normal\nconv 64 7x7 stride 2 pad 3 no-bias as conv1\nbatchnorm as bn1\n"
     "relu\nmaxpool 3x3 stride 2 pad 1\nresidual as layer1.0 {\n  conv 64 3x3 pad 1 no-bias as conv1\n"
     "  batchnorm as bn1\n  relu\n  conv 64 3x3 pad 1 no-bias as conv2\n  batchnorm as bn2\n}\nrelu\n"
     "residual as layer1.1 {\n  conv 64 3x3 pad 1 no-bias as conv1\n  batchnorm as bn1\n  relu\n"
     "  conv 64 3x3 pad 1 no-bias as conv2\n  batchnorm as bn2\n}\nrelu\nresidual as layer2.0 {\n"
     "  conv 128 3x3 stride 2 pad 1 no-bias as conv1\n  batchnorm as bn1\n  relu\n"
     "  conv 128 3x3 pad 1 no-bias as conv2\n  batchnorm as bn2\n} shortcut as downsample {\n"
     "  conv 128 1x1 stride 2 no-bias as 0\n  batchnorm as 1\n}\nrelu\nresidual as layer2.1 {\n"
     "  conv 128 3x3 pad 1 no-bias as conv1\n  batchnorm as bn1\n  relu\n"
     "  conv 128 3x3 pad 1 no-bias as conv2\n  batchnorm as bn2\n}\nrelu\nresidual as layer3.0 {\n"
     "  conv 256 3x3 stride 2 pad 1 no-bias as conv1\n  batchnorm as bn1\n  relu\n"
     "  conv 256 3x3 pad 1 no-bias as conv2\n  batchnorm as bn2\n} shortcut as downsample {\n"
     "  conv 256 1x1 stride 2 no-bias as 0\n  batchnorm as 1\n}\nrelu\nresidual as layer3.1 {\n"
     "  conv 256 3x3 pad 1 no-bias as conv1\n  batchnorm as bn1\n  relu\n"
     "  conv 256 3x3 pad 1 no-bias as conv2\n  batchnorm as bn2\n}\nrelu\nresidual as layer4.0 {\n"
     "  conv 512 3x3 stride 2 pad 1 no-bias as conv1\n  batchnorm as bn1\n  relu\n"
     "  conv 512 3x3 pad 1 no-bias as conv2\n  batchnorm as bn2\n} shortcut as downsample {\n"
     "  conv 512 1x1 stride 2 no-bias as 0\n  batchnorm as 1\n}\nrelu\nresidual as layer4.1 {\n"
     "  conv 512 3x3 pad 1 no-bias as conv1\n  batchnorm as bn1\n  relu\n"
     "  conv 512 3x3 pad 1 no-bias as conv2\n  batchnorm as bn2\n}\nrelu\nglobal-avgpool\n"
     "linear 10 as fc\n"},
    {"resnet34", "ResNet-34 as torchvision has it, 10 classes",
     "input 3\ninit kaiming-normal\nconv 64 7x7 stride 2 pad 3 no-bias as conv1\nbatchnorm as bn1\n"
     "relu\nmaxpool 3x3 stride 2 pad 1\nresidual as layer1.0 {\n  conv 64 3x3 pad 1 no-bias as conv1\n"
     "  batchnorm as bn1\n  relu\n  conv 64 3x3 pad 1 no-bias as conv2\n  batchnorm as bn2\n}\nrelu\n"
     "residual as layer1.1 {\n  conv 64 3x3 pad 1 no-bias as conv1\n  batchnorm as bn1\n  relu\n"
     "  conv 64 3x3 pad 1 no-bias as conv2\n  batchnorm as bn2\n}\nrelu\nresidual as layer1.2 {\n"
     "  conv 64 3x3 pad 1 no-bias as conv1\n  batchnorm as bn1\n  relu\n"
     "  conv 64 3x3 pad 1 no-bias as conv2\n  batchnorm as bn2\n}\nrelu\nresidual as layer2.0 {\n"
     "  conv 128 3x3 stride 2 pad 1 no-bias as conv1\n  batchnorm as bn1\n  relu\n"
     "  conv 128 3x3 pad 1 no-bias as conv2\n  batchnorm as bn2\n} shortcut as downsample {\n"
     "  conv 128 1x1 stride 2 no-bias as 0\n  batchnorm as 1\n}\nrelu\nresidual as layer2.1 {\n"
     "  conv 128 3x3 pad 1 no-bias as conv1\n  batchnorm as bn1\n  relu\n"
     "  conv 128 3x3 pad 1 no-bias as conv2\n  batchnorm as bn2\n}\nrelu\nresidual as layer2.2 {\n"
     "  conv 128 3x3 pad 1 no-bias as conv1\n  batchnorm as bn1\n  relu\n"
     "  conv 128 3x3 pad 1 no-bias as conv2\n  batchnorm as bn2\n}\nrelu\nresidual as layer2.3 {\n"
     "  conv 128 3x3 pad 1 no-bias as conv1\n  batchnorm as bn1\n  relu\n"
     "  conv 128 3x3 pad 1 no-bias as conv2\n  batchnorm as bn2\n}\nrelu\nresidual as layer3.0 {\n"
     "  conv 256 3x3 stride 2 pad 1 no-bias as conv1\n  batchnorm as bn1\n  relu\n"
     "  conv 256 3x3 pad 1 no-bias as conv2\n  batchnorm as bn2\n} shortcut as downsample {\n"
     "  conv 256 1x1 stride 2 no-bias as 0\n  batchnorm as 1\n}\nrelu\nresidual as layer3.1 {\n"
     "  conv 256 3x3 pad 1 no-bias as conv1\n  batchnorm as bn1\n  relu\n"
     "  conv 256 3x3 pad 1 no-bias as conv2\n  batchnorm as bn2\n}\nrelu\nresidual as layer3.2 {\n"
     "  conv 256 3x3 pad 1 no-bias as conv1\n  batchnorm as bn1\n  relu\n"
     "  conv 256 3x3 pad 1 no-bias as conv2\n  batchnorm as bn2\n}\nrelu\nresidual as layer3.3 {\n"
     "  conv 256 3x3 pad 1 no-bias as conv1\n  batchnorm as bn1\n  relu\n"
     "  conv 256 3x3 pad 1 no-bias as conv2\n  batchnorm as bn2\n}\nrelu\nresidual as layer3.4 {\n"
     "  conv 256 3x3 pad 1 no-bias as conv1\n  batchnorm as bn1\n  relu\n"
     "  conv 256 3x3 pad 1 no-bias as conv2\n  batchnorm as bn2\n}\nrelu\nresidual as layer3.5 {\n"
     "  conv 256 3x3 pad 1 no-bias as conv1\n  batchnorm as bn1\n  relu\n"
     "  conv 256 3x3 pad 1 no-bias as conv2\n  batchnorm as bn2\n}\nrelu\nresidual as layer4.0 {\n"
     "  conv 512 3x3 stride 2 pad 1 no-bias as conv1\n  batchnorm as bn1\n  relu\n"
     "  conv 512 3x3 pad 1 no-bias as conv2\n  batchnorm as bn2\n} shortcut as downsample {\n"
     "  conv 512 1x1 stride 2 no-bias as 0\n  batchnorm as 1\n}\nrelu\nresidual as layer4.1 {\n"
     "  conv 512 3x3 pad 1 no-bias as conv1\n  batchnorm as bn1\n  relu\n"
     "  conv 512 3x3 pad 1 no-bias as conv2\n  batchnorm as bn2\n}\nrelu\nresidual as layer4.2 {\n"
     "  conv 512 3x3 pad 1 no-bias as conv1\n  batchnorm as bn1\n  relu\n"
     "  conv 512 3x3 pad 1 no-bias as conv2\n  batchnorm as bn2\n}\nrelu\nglobal-avgpool\n"
     "linear 10 as fc\n"},
};
#define N_ZOO (sizeof zoo / sizeof *zoo)

const ink_zoo_entry *ink_zoo(size_t *count) {
    *count = N_ZOO;
    return zoo;
}

const char *ink_zoo_find(const char *name) {
    for (size_t i = 0; i < N_ZOO; i++) {
        if (strcmp(zoo[i].name, name) == 0) return zoo[i].text;
    }
    return NULL;
}
