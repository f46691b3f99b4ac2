"""The same pipeline served by vetiver, in an environment of its own."""

from __future__ import annotations

import pandas as pd
from vetiver import VetiverAPI, VetiverModel

from bench.sides.pickled import frame_pipeline
from classification_model import bundle
from classification_model.config.home import Home

example = pd.DataFrame([bundle.load(Home.find()).profile().example()])
model = VetiverModel(frame_pipeline(), model_name="model", prototype_data=example)
app = VetiverAPI(model, check_prototype=True).app
