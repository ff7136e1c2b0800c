//! Typed metrics: a family has one series for each value of its labels, all made when the process
//! starts. So a label is an enum, a call site names no text, and a series is 0 before it is absent.

use std::collections::BTreeSet;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use prometheus::core::Collector;
use prometheus::{
    Counter, CounterVec, Gauge, GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounter,
    IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
};

/// Names of models that get series of their own; all others share [`OTHER_MODEL`].
pub const MODELS: usize = 16;
/// Label of the models beyond [`MODELS`].
pub const OTHER_MODEL: &str = "other";

/// Why making a family cannot fail.
const SOUND: &str = "the table's names and labels are unique and well formed, which its tests hold";

/// A closed set of label values.
pub trait Label: Copy + 'static {
    /// Name of the label.
    const NAME: &'static str;
    /// All values, each at its [`place`](Self::place).
    const ALL: &'static [Self];

    /// The value as it is exposed.
    fn text(self) -> &'static str;

    /// Index in [`Self::ALL`].
    fn place(self) -> usize;
}

/// Declares a label: an enum with the text of each value.
macro_rules! label {
    ($(#[$doc:meta])* $name:ident = $label:literal { $($(#[$about:meta])* $value:ident = $text:expr,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name { $($(#[$about])* $value,)+ }

        impl $crate::process::metrics::family::Label for $name {
            const NAME: &'static str = $label;
            const ALL: &'static [Self] = &[$(Self::$value,)+];

            fn text(self) -> &'static str {
                match self { $(Self::$value => $text,)+ }
            }

            fn place(self) -> usize {
                self as usize
            }
        }
    };
}
pub(super) use label;

/// Labels of a family: none, one, or two.
pub trait Key: Copy + 'static {
    /// Names of the labels.
    fn names() -> Vec<&'static str>;
    /// Texts of every combination, each at its [`place`](Self::place).
    fn all() -> Vec<Vec<&'static str>>;
    /// Texts of this combination.
    fn texts(self) -> Vec<&'static str>;
    /// Index in [`Self::all`].
    fn place(self) -> usize;
}

impl Key for () {
    fn names() -> Vec<&'static str> {
        Vec::new()
    }

    fn all() -> Vec<Vec<&'static str>> {
        vec![Vec::new()]
    }

    fn texts(self) -> Vec<&'static str> {
        Vec::new()
    }

    fn place(self) -> usize {
        0
    }
}

impl<L: Label> Key for (L,) {
    fn names() -> Vec<&'static str> {
        vec![L::NAME]
    }

    fn all() -> Vec<Vec<&'static str>> {
        L::ALL.iter().map(|value| vec![value.text()]).collect()
    }

    fn texts(self) -> Vec<&'static str> {
        vec![self.0.text()]
    }

    fn place(self) -> usize {
        self.0.place()
    }
}

impl<A: Label, B: Label> Key for (A, B) {
    fn names() -> Vec<&'static str> {
        vec![A::NAME, B::NAME]
    }

    fn all() -> Vec<Vec<&'static str>> {
        let pairs = A::ALL
            .iter()
            .flat_map(|a| B::ALL.iter().map(move |b| (a, b)));
        pairs.map(|(a, b)| vec![a.text(), b.text()]).collect()
    }

    fn texts(self) -> Vec<&'static str> {
        vec![self.0.text(), self.1.text()]
    }

    fn place(self) -> usize {
        self.0.place() * B::ALL.len() + self.1.place()
    }
}

/// A row of the table of metrics.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// Name with prefix and unit.
    pub name: &'static str,
    /// What it says of the process.
    pub help: &'static str,
    /// Upper bounds; for histograms only.
    pub buckets: &'static [f64],
}

/// A kind of metric.
pub trait Meter: Clone + Send + Sync + 'static {
    /// The library's family of it.
    type Family: Collector + Clone + 'static;

    /// The library's family for a row.
    fn family(row: &Row, labels: &[&str]) -> prometheus::Result<Self::Family>;

    /// The series of a family with these label values.
    fn series(family: &Self::Family, texts: &[&str]) -> Self;
}

/// Implements [`Meter`] for a metric, its family, and the options of one.
macro_rules! meter {
    ($($single:ty, $family:ty, $options:expr;)+) => {
        $(impl Meter for $single {
            type Family = $family;

            fn family(row: &Row, labels: &[&str]) -> prometheus::Result<Self::Family> {
                <$family>::new($options(row), labels)
            }

            fn series(family: &Self::Family, texts: &[&str]) -> Self {
                family.with_label_values(texts)
            }
        })+
    };
}

meter! {
    IntCounter, IntCounterVec, options;
    Counter, CounterVec, options;
    IntGauge, IntGaugeVec, options;
    Gauge, GaugeVec, options;
    Histogram, HistogramVec, histogram_options;
}

fn options(row: &Row) -> Opts {
    Opts::new(row.name, row.help)
}

fn histogram_options(row: &Row) -> HistogramOpts {
    HistogramOpts::new(row.name, row.help).buckets(row.buckets.to_vec())
}

/// Where families are made: those of a part that the process does not play are made and not exposed.
#[derive(Debug)]
pub(super) struct Registrar<'a> {
    pub(super) registry: Option<&'a Registry>,
    pub(super) models: ModelNames,
}

impl Registrar<'_> {
    fn family<M: Meter>(&self, row: &Row, labels: &[&str]) -> M::Family {
        let family = M::family(row, labels).expect(SOUND);
        if let Some(registry) = self.registry {
            let collector: Box<dyn Collector> = Box::new(family.clone());
            registry.register(collector).expect(SOUND);
        }
        family
    }
}

/// One metric with its labels, every series at hand.
pub struct Family<K, M> {
    series: Arc<[M]>,
    labels: PhantomData<fn(K)>,
}

impl<K: Key, M: Meter> Family<K, M> {
    pub(super) fn register(to: &Registrar<'_>, row: &Row) -> Self {
        let family = to.family::<M>(row, &K::names());
        let series = K::all()
            .iter()
            .map(|texts| M::series(&family, texts))
            .collect();
        Self {
            series,
            labels: PhantomData,
        }
    }

    /// The series with these label values.
    pub fn of(&self, key: K) -> &M {
        &self.series[key.place()]
    }
}

impl<K: Key> Family<K, Histogram> {
    /// Adds an observed duration.
    pub fn record(&self, key: K, took: Duration) {
        self.of(key).observe(took.as_secs_f64());
    }
}

/// Without labels, the family is its only series.
impl<M: Meter> Deref for Family<(), M> {
    type Target = M;

    fn deref(&self) -> &M {
        self.of(())
    }
}

impl<K, M> Clone for Family<K, M> {
    fn clone(&self) -> Self {
        Self {
            series: Arc::clone(&self.series),
            labels: PhantomData,
        }
    }
}

impl<K, M> fmt::Debug for Family<K, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Family({} series)", self.series.len())
    }
}

/// The models that have been named, so that their number stays bounded.
#[derive(Debug, Clone, Default)]
pub(super) struct ModelNames(Arc<Mutex<BTreeSet<String>>>);

impl ModelNames {
    fn admit<'n>(&self, name: &'n str) -> &'n str {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.contains(name) {
            return name;
        }
        if known.len() < MODELS {
            known.insert(name.to_owned());
            return name;
        }
        OTHER_MODEL
    }
}

/// One metric with a label for the model beside its others. Series come into being with the first
/// request to a model.
pub struct PerModel<K, M: Meter> {
    family: M::Family,
    models: ModelNames,
    labels: PhantomData<fn(K)>,
}

impl<K: Key, M: Meter> PerModel<K, M> {
    pub(super) fn register(to: &Registrar<'_>, row: &Row) -> Self {
        let mut labels = vec!["model"];
        labels.extend(K::names());
        Self {
            family: to.family::<M>(row, &labels),
            models: to.models.clone(),
            labels: PhantomData,
        }
    }

    /// The series of a model with these label values.
    pub fn of(&self, model: &str, key: K) -> M {
        let mut texts = vec![self.models.admit(model)];
        texts.extend(key.texts());
        M::series(&self.family, &texts)
    }
}

impl<K, M: Meter> Clone for PerModel<K, M> {
    fn clone(&self) -> Self {
        Self {
            family: self.family.clone(),
            models: self.models.clone(),
            labels: PhantomData,
        }
    }
}

impl<K, M: Meter> fmt::Debug for PerModel<K, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PerModel")
            .field("models", &self.models)
            .finish_non_exhaustive()
    }
}
