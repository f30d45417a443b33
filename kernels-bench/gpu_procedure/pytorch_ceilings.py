"""PyTorch on the card, in rows like the bench's: what a matrix product and a copy reach, convolutions in three
directions, and training steps; fp32 has TF32 off. A missing torch or timm is said, and ends with exit code 1.

python3 pytorch_ceilings.py ceilings '[]'
python3 pytorch_ceilings.py convolutions '[BATCH, [shapes of shapes.json]]'
python3 pytorch_ceilings.py network '["MobileNetV2", 224, 64]'
"""

import json
import math
import statistics
import sys
import time

import torch

TIMM_NAMES = {
    "MobileNetV2": "mobilenetv2_100",
    "InceptionResNetV2": "inception_resnet_v2",
    "NASNetLarge": "nasnetalarge",
}
HEADS = [8, 5, 5, 5, 10, 6, 6, 9]
LAYOUTS = {"NCHW": torch.contiguous_format, "NHWC": torch.channels_last}
SAMPLE_SECONDS = 0.04
FEWEST_SAMPLES = 5

torch.backends.cuda.matmul.allow_tf32 = False
torch.backends.cudnn.allow_tf32 = False
torch.backends.cudnn.benchmark = True
DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")
IS_CUDA = DEVICE.type == "cuda"
ABOUT = {
    "adapter": torch.cuda.get_device_name() if IS_CUDA else "cpu",
    "driver": f"CUDA {torch.version.cuda}" if IS_CUDA else None,
    "engine": f"PyTorch {torch.__version__}",
}
failures = 0


def timed(work, seconds=1.0):
    """Milliseconds of single repetitions, after a warm-up: samples of about 40 ms, as the bench's are."""

    def sample(repetitions):
        begin = time.perf_counter()
        for _ in range(repetitions):
            work()
        if IS_CUDA:
            torch.cuda.synchronize()
        return time.perf_counter() - begin

    for _ in range(3):
        sample(1)
    repetitions = max(1, math.ceil(SAMPLE_SECONDS / max(sample(1), 1e-6)))
    samples, start = [], time.perf_counter()
    while len(samples) < FEWEST_SAMPLES or time.perf_counter() - start < seconds:
        samples.append(1e3 * sample(repetitions) / repetitions)
    return samples


def emit(case, samples, flops=None, gigabytes=None, images=None, **more):
    median = statistics.median(samples)
    tenths = statistics.quantiles(samples, n=10, method="inclusive")
    row = {"case": f"pytorch/{case}", **more, "medianMs": median, "p10Ms": tenths[0], "p90Ms": tenths[-1]}
    if flops is not None:
        row["gflops"] = flops / median / 1e6
    if gigabytes is not None:
        row["gbPerSecond"] = 1e3 * gigabytes / median
    if images is not None:
        row["imagesPerSecond"] = 1e3 * images / median
    print(json.dumps({**row, **ABOUT}), flush=True)


def attempt(what, work):
    """Says what fails; the rest goes on."""
    global failures
    try:
        work()
    except Exception as fault:
        failures += 1
        print(f"no row for {what}: {type(fault).__name__}: {fault}", file=sys.stderr)
    if IS_CUDA:
        torch.cuda.empty_cache()


def ceilings(_given):
    side = 8192 if IS_CUDA else 512
    a, b = (torch.randn(side, side, device=DEVICE) for _ in range(2))
    emit("matmul", timed(lambda: a @ b), flops=2 * side**3, **{"pass": "forward"}, precision="f32", batch=None)
    c = torch.empty_like(a)
    emit("copy", timed(lambda: c.copy_(a)), gigabytes=8 * side**2 / 1e9, **{"pass": "forward"}, precision="f32")


def pads_of(padding, size, window, stride, axis):
    """Zeros before and after, as TensorFlow has them."""
    if padding == "valid":
        return 0, 0
    if padding != "same":
        return padding[axis]
    total = max(0, (math.ceil(size / stride) - 1) * stride + window - size)
    return total // 2, total - total // 2


def convolution(batch, shape, layout):
    _, height, width, channels = shape["x"]
    r, s, _, k = shape["w"]
    strides = shape["strides"]
    (top, bottom), (left, right) = (
        pads_of(shape["padding"], size, window, stride, axis)
        for axis, (size, window, stride) in enumerate([(height, r, strides[0]), (width, s, strides[1])])
    )
    x = torch.randn(batch, channels, height, width, device=DEVICE)
    pads = [top, left]
    if (top, left) != (bottom, right):  # PyTorch pads both sides alike
        x, pads = torch.nn.functional.pad(x, (left, right, top, bottom)), [0, 0]
    x = x.contiguous(memory_format=LAYOUTS[layout])
    w = torch.randn(k, channels, r, s, device=DEVICE).contiguous(memory_format=LAYOUTS[layout])
    dy = torch.randn_like(torch.nn.functional.conv2d(x, w, stride=strides, padding=pads))
    flops = 2 * dy.numel() * r * s * channels

    def backward(wanted):
        torch.ops.aten.convolution_backward(dy, x, w, None, strides, pads, [1, 1], False, [0, 0], 1, wanted)

    works = {
        "forward": lambda: torch.nn.functional.conv2d(x, w, stride=strides, padding=pads),
        "dataGradient": lambda: backward([True, False, False]),
        "weightGradient": lambda: backward([False, True, False]),
    }
    for name in shape.get("passes", works):
        about = {"pass": name, "batch": batch, "precision": "f32", "layout": layout}
        emit(f"conv2d/{shape['name']}", timed(works[name], seconds=0.3), flops=flops, **about)


def convolutions(given):
    batch, shapes = given
    for shape in shapes:
        for layout in LAYOUTS:
            attempt(f"{shape['name']} {layout}", lambda: convolution(batch, shape, layout))


def training_step(name, size, batch, precision, layout):
    import timm

    backbone = timm.create_model(TIMM_NAMES[name], num_classes=0).to(DEVICE, memory_format=LAYOUTS[layout])
    backbone.train()
    with torch.no_grad():
        width = backbone(torch.zeros(2, 3, size, size, device=DEVICE)).shape[1]
    heads = torch.nn.ModuleList(torch.nn.Linear(width, classes) for classes in HEADS).to(DEVICE)
    optimizer = torch.optim.Adam([*backbone.parameters(), *heads.parameters()], lr=1e-4, eps=1e-7)
    is_mixed = precision == "amp"
    scaler = torch.amp.GradScaler(DEVICE.type, enabled=is_mixed)
    pixels = torch.randint(256, (batch, 3, size, size), dtype=torch.uint8)
    labels = [torch.randint(classes, (batch,), device=DEVICE) for classes in HEADS]

    def step():  # as weft's: bytes up, a loss back
        images = pixels.to(DEVICE).to(memory_format=LAYOUTS[layout]).float() / 127.5 - 1
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast(DEVICE.type, enabled=is_mixed):
            features = torch.nn.functional.dropout(backbone(images), 0.5)
            loss = sum(
                torch.nn.functional.cross_entropy(head(features), label) for head, label in zip(heads, labels)
            )
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        return loss.item()

    about = {"pass": "train", "batch": batch, "precision": precision, "layout": layout}
    emit(f"{name}_{size}", timed(step, seconds=3.0), images=batch, **about)


def network(given):
    for precision in ("f32", "amp"):
        for layout in LAYOUTS:
            attempt(f"{given[0]} {precision} {layout}", lambda: training_step(*given, precision, layout))


{"ceilings": ceilings, "convolutions": convolutions, "network": network}[sys.argv[1]](json.loads(sys.argv[2]))
sys.exit(1 if failures > 0 else 0)
