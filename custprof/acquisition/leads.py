"""Which leads are worth the contact, from what is known before it?

A logistic regression on the features that a lead has when it comes. What the contact itself produces (the answer and its speed, minutes,
the stage, the win, the customer) is left out, leads too young to be won yet are left out of the fit, and the test is out of time: fitted on
earlier leads, judged on later ones, against simply guessing the earlier share of wins.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.utils.validation import check_is_fitted

from custprof.acquisition.contacts import earned_by, foreign_ids
from custprof.acquisition.features import known_afterwards, telltales
from custprof.costing.kinds import check_frame
from custprof.profit.shares import wilson

__all__ = ["LeadScorer", "scoring_obstacle"]

LEAST = 10  # won, and lost, leads to learn from, and as many to judge by: with fewer an AUC is chance
NOT_FEATURES = ("lead_id", "created_on", "campaign_id")


class LeadScorer(BaseEstimator):
    """Probability that a lead is won, from what is known before contact.

    Parameters
    ----------
    features : list of str, optional
        Columns to use. Default: all but lead_id, created_on, campaign_id (the next campaign has no past), other dates, what by its name
        the contact produces (stage, status, probability, closed, last activity, ...), and what gives the outcome away in the data, whatever
        its name. Who names features vouches that the data do so for a good reason; the names are refused all the same.
        Texts are categories, numbers enter as arcsinh, missing values as a category or the median with a mark.
    window : int
        Days that a lead has to be won: it counts as won if it was within them, and leads younger than this at ``as_of`` are not used to
        learn.

    Attributes
    ----------
    features_ : list of str
    left_out_ : dict of str to str
        Columns that are no features, with the reason.
    base_rate_ : float
        Share of wins among the leads it learnt from.
    coefficients_ : Series by feature
        Change of the log odds; numbers per standard deviation of their arcsinh.
    pipeline_ : the fitted scikit-learn pipeline

    Raises
    ------
    ValueError
        If columns are missing, a feature is only known after the contact, or all or none of the leads were won.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> leads = pd.DataFrame({"created_on": pd.date_range("2024-01-01", periods=400), "source": rng.choice(["phone", "web form"], 400)})
    >>> won = rng.random(400) < leads["source"].map({"phone": 0.6, "web form": 0.1})
    >>> leads["won_on"] = (leads["created_on"] + pd.Timedelta(days=9)).where(won)
    >>> scorer = LeadScorer(window=30).fit(leads)
    >>> scorer.predict(pd.DataFrame({"source": ["phone", "web form"]})).round(1).tolist()
    [0.6, 0.1]
    >>> scorer.evaluate(leads).round(2)[["leads", "won", "auc", "brier"]]
               leads  won   auc  brier
    model        113   39  0.87   0.12
    base rate    113   39  0.50   0.23
    """

    def __init__(self, features=None, *, window: int = 90):
        self.features = features
        self.window = window

    def fit(self, leads: pd.DataFrame, *, as_of=None) -> LeadScorer:
        """Learn from leads (created_on, won_on, features); ``as_of`` is the date of the data, default the last date in them."""
        ripe, won = self._ripe(leads, as_of)
        self.features_, self.left_out_ = self._chosen(ripe, won)
        if not 0 < won.sum() < len(won):
            raise ValueError(f"{int(won.sum())} of {len(won)} leads old enough were won; both won and lost leads are needed to learn.")
        numbers = [
            name for name in self.features_ if pd.api.types.is_numeric_dtype(leads[name]) and not pd.api.types.is_bool_dtype(leads[name])
        ]
        texts = [name for name in self.features_ if name not in numbers]
        self.numbers_ = numbers
        prepare = make_column_transformer(
            (
                make_pipeline(
                    SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True),
                    FunctionTransformer(np.arcsinh, feature_names_out="one-to-one"),
                    StandardScaler(),
                ),
                numbers,
            ),
            (OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=10, sparse_output=False), texts),
            verbose_feature_names_out=False,
        )
        self.pipeline_ = make_pipeline(prepare, LogisticRegression(max_iter=1000)).fit(self._inputs(ripe), won)
        self.base_rate_ = float(won.mean())
        self.coefficients_ = pd.Series(self.pipeline_[-1].coef_[0], index=prepare_names(self.pipeline_[0]), name="log odds")
        return self

    def predict(self, leads: pd.DataFrame) -> pd.Series:
        """Probability of a win within the window, by row of ``leads``; of none where there are none."""
        check_is_fitted(self, "pipeline_")
        check_frame(leads, "leads", needs=self.features_, say="give the study's leads")
        chances = self.pipeline_.predict_proba(self._inputs(leads))[:, 1] if len(leads) else np.zeros(0)
        return pd.Series(chances, index=leads.index, name="probability")

    def expected_value(self, leads: pd.DataFrame, profit, contact_cost) -> pd.DataFrame:
        """What contacting each lead is worth: probability x profit of a won customer - cost of the contact.

        ``profit`` and ``contact_cost`` are amounts (currency units) or Series by row of ``leads``. Returns probability, profit,
        contact_cost and expected_value by row of ``leads``, in their order.
        """
        table = pd.DataFrame({"probability": self.predict(leads)}).assign(profit=profit, contact_cost=contact_cost)
        lacking = table.index[table.isna().any(axis="columns")]
        if len(lacking):
            raise ValueError(
                f"profit or contact_cost is missing for {len(lacking)} of {len(table)} leads, first rows {lacking[:3].tolist()}; "
                "pass an amount, or a Series with one for each lead."
            )
        return table.assign(expected_value=table["probability"] * table["profit"] - table["contact_cost"])

    def foresee(self, leads: pd.DataFrame, *, split=None, as_of=None) -> pd.Series:
        """Chances that later leads would have been given: by a copy that learnt from leads whose outcome was known by ``split``.

        ``split`` is a date, default where 70 % of the usable leads have come. Returns the probability by row of the leads that came from
        then on and are old enough for their outcome to be known: what decisions of that time would have rested on.
        """
        return self._judge(leads, split, as_of)[1]

    def evaluate(self, leads: pd.DataFrame, *, split=None, as_of=None) -> pd.DataFrame:
        """Out-of-time test: are the chances of `foresee` better than to give everyone the earlier share of wins?

        Returns, for the rows "model" and "base rate": leads, won (in the test), auc, brier, log_loss. A model is of use if its brier and
        log_loss are below the base rate's.
        """
        won, chances, base = self._judge(leads, split, as_of)
        rows = {"model": chances.to_numpy(), "base rate": np.full(len(won), base)}
        scores = {
            name: {
                "leads": len(won),
                "won": int(won.sum()),
                "auc": roc_auc_score(won, guess),
                "brier": brier_score_loss(won, guess),
                "log_loss": log_loss(won, guess, labels=[False, True]),
            }
            for name, guess in rows.items()
        }
        return pd.DataFrame.from_dict(scores, orient="index").astype({"leads": int, "won": int})

    def calibration(self, leads: pd.DataFrame, *, split=None, as_of=None, groups: int = 5) -> pd.DataFrame:
        """Do 30 % mean 30 %? The leads of `foresee` in groups of about equal size by their chance, lowest first.

        Returns leads, predicted (mean probability), won (share), won_low, won_high (Wilson, 95 %). Equal chances share a group.
        """
        won, chances, _ = self._judge(leads, split, as_of)
        place = np.ceil(chances.rank(method="average") / len(chances) * groups).astype(int)
        table = pd.DataFrame(
            {"leads": won.groupby(place).size(), "predicted": chances.groupby(place).mean(), "won": won.groupby(place).mean()}
        )
        low, high = wilson(won.groupby(place).sum(), table["leads"])
        return table.assign(won_low=low, won_high=high).rename_axis("group")

    def _judge(self, leads: pd.DataFrame, split, as_of) -> tuple[pd.Series, pd.Series, float]:
        """Of the later leads whether they were won and their chances; and the earlier share of wins."""
        ripe, won = self._ripe(leads, as_of)
        split = self._split(ripe) if split is None else pd.Timestamp(split)
        late = pd.to_datetime(ripe["created_on"]) >= split
        if not 0 < won[late].sum() < late.sum():
            raise ValueError(
                f"{int(won[late].sum())} of {int(late.sum())} leads from {split:%Y-%m-%d} on were won; choose an earlier split."
            )
        early = leads[pd.to_datetime(leads["created_on"]) < split]
        chosen, _ = self._chosen(*self._ripe(leads, as_of))  # what gives outcomes away is told by all of them, the later ones too
        model = LeadScorer(chosen, window=self.window).fit(early, as_of=split)
        return won[late], model.predict(ripe[late]), model.base_rate_

    def _split(self, ripe: pd.DataFrame) -> pd.Timestamp:
        return pd.to_datetime(ripe["created_on"]).quantile(0.7).normalize()

    def _ripe(self, leads: pd.DataFrame, as_of) -> tuple[pd.DataFrame, pd.Series]:
        """Leads whose window has passed, and whether they were won within it."""
        check_frame(leads, "leads", needs=["created_on", "won_on"], say="give the study's leads")
        created, won_on = pd.to_datetime(leads["created_on"]), pd.to_datetime(leads["won_on"])
        early = leads.index[won_on < created]
        if len(early):
            raise ValueError(
                f"{len(early)} of {len(leads):,} leads were won before they were created, first rows {early[:3].tolist()}; correct them."
            )
        end = max(created.max(), won_on.max()) if won_on.notna().any() else created.max()
        old = created + pd.Timedelta(days=self.window) <= (end if as_of is None else pd.Timestamp(as_of))
        if not old.any():
            raise ValueError(f"no lead is {self.window} days old; choose a shorter window or wait.")
        return leads[old], ((won_on - created).dt.days <= self.window)[old]

    def _chosen(self, leads: pd.DataFrame, won: pd.Series) -> tuple[list[str], dict[str, str]]:
        """The features of leads whose outcome is known, and why the other columns are none."""
        if isinstance(self.features, str):
            raise TypeError(f"features is {self.features!r}; give a list of columns.")
        if self.features is not None:
            late = [name for name in self.features if known_afterwards(name)]
            if late:
                raise ValueError(
                    f"{', '.join(late)} is only known after the contact; it cannot say which lead to contact. "
                    "If it is known when a lead comes, rename it."
                )
            check_frame(leads, "leads", needs=list(self.features), say="give the study's leads")
            return list(self.features), {}
        left = {name: "only known after the contact" for name in leads.columns if known_afterwards(name)}
        open_to_use = [name for name in leads.columns if name not in (*NOT_FEATURES, *left)]
        left |= {name: "a date" for name in open_to_use if pd.api.types.is_datetime64_any_dtype(leads[name])}
        left |= {name: "nowhere filled in" for name in open_to_use if not leads[name].notna().any()}
        left |= telltales(leads[[name for name in open_to_use if name not in left]], won, leads["won_on"].notna())
        chosen = [name for name in open_to_use if name not in left]
        if not chosen:
            raise ValueError("the leads have no features beside dates and ids; add what is known when a lead comes, such as its source.")
        return chosen, left

    def _inputs(self, leads: pd.DataFrame) -> pd.DataFrame:
        return pd.DataFrame(
            {
                name: leads[name].astype(float)
                if name in self.numbers_
                else leads[name].astype("object").where(leads[name].notna(), "(missing)").astype(str)
                for name in self.features_
            }
        )


def scoring_obstacle(leads: pd.DataFrame, profit: pd.Series | None = None, *, features: list[str] | None = None, window: int = 90) -> str:
    """Why no chances can be learnt from the leads and judged on later ones, in words; empty where they can.

    Parameters
    ----------
    leads : DataFrame
        Columns created_on and won_on, and features.
    profit : Series by customer_id, optional
        With it the leads, which then need customer_id, must also say what won customers are worth, as `profit_of_alike` asks.
    features, window
        As of the `LeadScorer`.

    Returns
    -------
    str
        A sentence, or "".

    Examples
    --------
    >>> leads = pd.DataFrame({"created_on": ["2024-01-01", "2024-06-01"], "won_on": [None, "2024-06-09"], "source": ["web", "phone"]})
    >>> scoring_obstacle(leads)
    'Of the earlier leads 0 were won and 0 lost; 10 of each are needed to learn from.'
    """
    scorer = LeadScorer(features, window=window)
    try:
        ripe, won = scorer._ripe(leads, None)
        scorer._chosen(ripe, won)
        split = scorer._split(ripe)
        if profit is not None:
            early = leads[pd.to_datetime(leads["created_on"]) < split]
            earned_by(early, profit)
            if strangers := foreign_ids(early["customer_id"], profit):
                return strangers
    except ValueError as error:
        return f"{str(error)[0].upper()}{str(error)[1:]}"
    created = pd.to_datetime(ripe["created_on"])
    for part, use, chosen in (
        ("earlier", "learn from", created + pd.Timedelta(days=window) <= split),
        ("later", "judge by", created >= split),
    ):
        wins, losses = int(won[chosen].sum()), int((~won[chosen]).sum())
        if min(wins, losses) < LEAST:
            return f"Of the {part} leads {wins} were won and {losses} lost; {LEAST} of each are needed to {use}."
    return ""


def prepare_names(transformer) -> list[str]:
    """Names of the columns that the preparation makes, say "source = phone", or "source: other" for its rare values together.

    >>> from sklearn.compose import make_column_transformer
    >>> columns = make_column_transformer((OneHotEncoder(), ["source"]), verbose_feature_names_out=False)
    >>> prepare_names(columns.fit(pd.DataFrame({"source": ["phone", "web"]})))
    ['source = phone', 'source = web']
    """
    names = list(transformer.get_feature_names_out())
    texts = {f"{feature}_infrequent_sklearn": f"{feature}: other" for _, _, columns in transformer.transformers_ for feature in columns}
    texts |= {
        f"{feature}_{value}": f"{feature} = {value}"
        for name, step, columns in transformer.transformers_
        if isinstance(step, OneHotEncoder) and len(columns)
        for feature, values in zip(columns, step.categories_, strict=True)
        for value in values
    }
    return [texts.get(name, name) for name in names]
