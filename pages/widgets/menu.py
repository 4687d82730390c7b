"""The pages as the menu has them; whoever leads to one or names one asks here."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Page:
    """A page.

    Attributes:
        name: Of its script, without an ending.
        title: What the menu calls it, and its own heading, if it is not Home.
        symbol: The name of a Material symbol.
        group: Of the menu; "" if it stands there by itself.
    """

    name: str
    title: str
    symbol: str
    group: str = ""

    @property
    def file(self) -> str:
        """Its script."""
        return f"{self.name}.py"

    @property
    def address(self) -> str:
        """The path of its link; "" of Home."""
        return "" if self.name == HOME else self.name.replace("_", "-")


HOME = "home"
# By name, in the order of the menu.
PAGES = {
    page.name: page
    for page in (
        Page(HOME, "Home", "blur_on"),
        Page("reconstruct", "Reconstruct", "compare", "Images"),
        Page("your_image", "Your image", "brush", "Images"),
        Page("denoise", "Denoise", "deblur", "Images"),
        Page("lens", "Lens", "search", "Latent space"),
        Page("latent_space", "Map", "scatter_plot", "Latent space"),
        Page("directions", "Directions", "trending_flat", "Latent space"),
        Page("sampler", "Sampler", "grid_on", "Latent space"),
        Page("paths", "Paths", "timeline", "Latent space"),
        Page("all_units", "All units", "apps", "Inside the code"),
        Page("unit", "One unit", "filter_1", "Inside the code"),
        Page("units", "Units at work", "tune", "Inside the code"),
        Page("sparsity", "Sparsity", "bar_chart", "Inside the code"),
        Page("stability", "Stability", "vibration", "Inside the code"),
        Page("uses", "At a glance", "scoreboard", "What it is good for"),
        Page("features", "Features", "category", "What it is good for"),
        Page("anomalies", "Anomalies", "notification_important", "What it is good for"),
        Page("generation", "Generation", "auto_awesome", "What it is good for"),
        Page("compression", "Compression", "compress", "What it is good for"),
        Page("noise", "Unseen noise", "grain", "What it is good for"),
        Page("clustering", "Clustering", "bubble_chart", "What it is good for"),
        Page("augmentation", "Augmentation", "add_photo_alternate", "What it is good for"),
        Page("data", "Data", "database_upload", "Models"),
        Page("train", "Train", "model_training", "Models"),
        Page("compare", "Compare", "table_rows", "Models"),
        Page("runs", "Your models", "inventory_2", "Models"),
        Page("lessons", "Lessons", "school", "Help"),
        Page("glossary", "Glossary", "menu_book", "Help"),
        Page("about", "About", "info", "Help"),
    )
}

WITHOUT_OWN = {"selection": "features", "transfer": "features", "transforms": "stability"}


def of_use(name: str) -> Page:
    """The page that shows a use."""
    return PAGES[WITHOUT_OWN.get(name, name)]


def groups() -> dict[str, list[Page]]:
    """The pages of each group, in the order of the menu."""
    found: dict[str, list[Page]] = {}
    for page in PAGES.values():
        found.setdefault(page.group, []).append(page)
    return found
