"""Data to learn and to test with: a simulated company whose truth is known, published purchases, and textbook cases."""

from custprof.datasets.cases import load_case
from custprof.datasets.cdnow import load_cdnow
from custprof.datasets.company import Company, simulate_company
from custprof.datasets.demo import demo_path, load_demo, load_truth
from custprof.datasets.shipped import shipped

__all__ = ["Company", "demo_path", "load_case", "load_cdnow", "load_demo", "load_truth", "shipped", "simulate_company"]
