"""PyTorch on the card as the ceiling: a matrix product, and eager training steps in fp32 (TF32 off) and with AMP.

python3 gpu_ceilings.py '[["MobileNetV2", 224, 64], …]' prints a JSON line a row, in the form of the bench's rows.
"""

import json
import statistics
import sys
import time

NAMES = {
    "MobileNetV2": "mobilenetv2_100",
    "InceptionResNetV2": "inception_resnet_v2",
    "NASNetLarge": "nasnetalarge",
}
HEADS = [8, 5, 5, 5, 10, 6, 6, 9]


def say(text):
    print(text, file=sys.stderr)


def timed(torch, device, work, seconds=1.0):
    """Median milliseconds of a repetition, after a warm-up."""
    wait = torch.cuda.synchronize if device.type == "cuda" else lambda: None
    for _ in range(3):
        work()
    wait()
    samples, start = [], time.perf_counter()
    while len(samples) < 5 or time.perf_counter() - start < seconds:
        begin = time.perf_counter()
        work()
        wait()
        samples.append(1e3 * (time.perf_counter() - begin))
    return statistics.median(samples)


def training_step(torch, device, name, size, batch, is_mixed):
    import timm

    backbone = timm.create_model(NAMES[name], num_classes=0).to(device)
    with torch.no_grad():
        width = backbone(torch.zeros(2, 3, size, size, device=device)).shape[1]
    heads = torch.nn.ModuleList(torch.nn.Linear(width, classes) for classes in HEADS).to(device)
    parameters = [*backbone.parameters(), *heads.parameters()]
    optimizer = torch.optim.Adam(parameters, lr=1e-4, eps=1e-7)
    scaler = torch.amp.GradScaler(device.type, enabled=is_mixed)
    images = torch.randn(batch, 3, size, size, device=device)
    labels = [torch.randint(classes, (batch,), device=device) for classes in HEADS]

    def step():
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast(device.type, enabled=is_mixed):
            features = torch.nn.functional.dropout(backbone(images), 0.5)
            losses = [torch.nn.functional.cross_entropy(head(features), label) for head, label in zip(heads, labels)]
        scaler.scale(sum(losses)).backward()
        scaler.step(optimizer)
        scaler.update()

    backbone.train()
    return timed(torch, device, step)


def main():
    try:
        import torch
    except ImportError as fault:
        say(f"no ceilings: {fault}. Install torch to have them.")
        return
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    adapter = torch.cuda.get_device_name() if device.type == "cuda" else "cpu"
    about = {"adapter": adapter, "engine": f"PyTorch {torch.__version__}"}
    side = 8192 if device.type == "cuda" else 512
    a, b = (torch.randn(side, side, device=device) for _ in range(2))
    ms = timed(torch, device, lambda: a @ b)
    row = {"case": "pytorch/matmul", "precision": "f32", "medianMs": ms, "gflops": 2 * side**3 / ms / 1e6}
    print(json.dumps({**row, **about}), flush=True)
    for name, size, batch in json.loads(sys.argv[1]):
        for precision in ("f32", "amp"):
            try:
                ms = training_step(torch, device, name, size, batch, precision == "amp")
            except Exception as fault:  # a missing timm, or too little memory: said, and the rest goes on
                say(f"no row for {name} {precision}: {fault}")
                continue
            row = {"case": f"pytorch/{name}_{size}", "pass": "train", "batch": batch, "precision": precision}
            print(json.dumps({**row, "medianMs": ms, "imagesPerSecond": 1e3 * batch / ms, **about}), flush=True)


main()
